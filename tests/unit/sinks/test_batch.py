import orjson
from hypothesis import given
from hypothesis import strategies as st

from sinks.base import ContactChange
from sinks.batch import ROW_BYTES, cut_to_size, newest_changes, pack, weight_of


def living(contact_id: str, version: int, profile: bytes = b"{}") -> ContactChange:
    return ContactChange(contact_id, version, profile, None, None)


CHANGES = st.lists(st.builds(living, st.sampled_from("abcd"), st.integers(0, 5), st.binary(max_size=40)), max_size=12)


def test_the_newest_of_each_contact_is_kept_in_any_order() -> None:
    assert newest_changes([living("a", 1), living("b", 9), living("a", 3), living("a", 2)]) == [
        living("a", 3),
        living("b", 9),
    ]


def test_of_equal_versions_the_first_is_kept() -> None:
    assert newest_changes([living("a", 1, b"first"), living("a", 1, b"second")]) == [living("a", 1, b"first")]


def test_a_batch_without_changes_is_one_empty_part() -> None:
    assert list(cut_to_size([], 100, weight_of)) == [[]]


def test_changes_that_fit_stay_in_one_part() -> None:
    changes = [living("a", 1, b"x" * 10), living("b", 1, b"x" * 10)]
    weight = 2 * (ROW_BYTES + 10)
    assert list(cut_to_size(changes, weight, weight_of)) == [changes]
    assert list(cut_to_size(changes, weight - 1, weight_of)) == [changes[:1], changes[1:]]


@given(CHANGES, st.integers(1, 600))
def test_parts_are_the_whole_in_order_and_none_is_too_heavy(changes: list[ContactChange], most: int) -> None:
    cut = list(cut_to_size(changes, most, weight_of))
    assert [change for part in cut for change in part] == changes
    assert all(len(part) == 1 or sum(ROW_BYTES + len(c.profile or b"") for c in part) <= most for part in cut if part)
    assert cut == [[]] or all(cut)


@given(CHANGES)
def test_packed_values_are_found_again_by_their_lengths(changes: list[ContactChange]) -> None:
    rows, values = pack(changes)
    found, at = [], 0
    for contact_id, version, field, _, length in orjson.loads(rows):
        assert field == "state"
        found.append(living(contact_id, int(version), values[at : at + length]))
        at += length
    assert found == changes


def test_a_version_is_packed_as_text_since_lua_would_round_it() -> None:
    rows, _ = pack([living("a", 2**63)])
    assert orjson.loads(rows) == [["a", "9223372036854775808", "state", False, 2]]


def test_marks_and_identities_are_told_apart() -> None:
    hashed = "voter:" + "0" * 32
    rows, values = pack(
        [ContactChange(hashed, 1, None, "merged", "ada"), ContactChange("bob", 2, None, "erased", None)]
    )
    assert orjson.loads(rows) == [[hashed, "1", "merged_into", True, 3], ["bob", "2", "erased", False, 1]]
    assert values == b"ada1"


def test_one_that_stands_alone_has_no_value() -> None:
    rows, values = pack([ContactChange("a", 3, None, None, None, alone=True)])
    assert (orjson.loads(rows), values) == ([["a", "3", "alone", False, 0]], b"")
