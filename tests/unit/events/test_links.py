import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.identity_links import (
    CanonicalId,
    CommandStamp,
    DecisionWithdrawal,
    EdgeEnd,
    EdgeWithdrawal,
    ErasureCompletion,
    FragmentErasure,
    IdentityEdge,
    IdentityLink,
    LinkDecision,
    decision_on,
    edge_between,
    read_canonical_id,
    read_link,
    write_canonical_id,
    write_link,
)
from events.refusal import Reason, Refusal

EMAIL, VOTER = "email:" + "0" * 32, "voter:" + "f" * 32
COMMAND = CommandStamp(1_329_904_800_000, "office/desk", "c-1")

LINKS: list[tuple[IdentityLink, bytes, object]] = [
    (
        edge_between(VOTER, EdgeEnd(VOTER, "voter:NY"), EdgeEnd(EMAIL)),
        f"seen/{VOTER}/{EMAIL}/{VOTER}".encode(),
        {"a": EMAIL, "b": VOTER, "a_class": None, "b_class": "voter:NY", "alias": False},
    ),
    (
        edge_between("van:1", EdgeEnd("van:1"), EdgeEnd("b.2"), alias=True),
        b"seen/van:1/b.2/van:1",
        {"a": "b.2", "b": "van:1", "a_class": None, "b_class": None, "alias": True},
    ),
    (EdgeWithdrawal("t", "a", "b"), b"seen/t/a/b", None),
    (
        decision_on("zed", "ada", same=False, by=COMMAND),
        b"said/ada/zed",
        {"contact_ids": ["ada", "zed"], "same": False, "time": COMMAND.time, "source": "office/desk", "id": "c-1"},
    ),
    (DecisionWithdrawal("ada", "zed"), b"said/ada/zed", None),
    (
        FragmentErasure(EMAIL, COMMAND.time, "office/desk", "c-1"),
        f"erased/{EMAIL}".encode(),
        {"fragment": EMAIL, "time": COMMAND.time, "source": "office/desk", "id": "c-1"},
    ),
    (ErasureCompletion(EMAIL), f"erased/{EMAIL}".encode(), None),
]


@pytest.mark.parametrize(("link", "key", "value"), LINKS)
def test_a_link_is_written_and_read_as_agreed(link: IdentityLink, key: bytes, value: object) -> None:
    written = write_link(link)
    assert (written[0], None if written[1] is None else orjson.loads(written[1])) == (key, value)
    assert read_link(*written) == link


def test_an_edge_is_the_same_in_either_direction() -> None:
    one, other = EdgeEnd("b", "voter:NY"), EdgeEnd("a", "external:van")
    assert (
        edge_between("t", one, other)
        == edge_between("t", other, one)
        == IdentityEdge("t", "a", "b", "external:van", "voter:NY")
    )
    assert decision_on("b", "a", same=True, by=COMMAND) == decision_on("a", "b", same=True, by=COMMAND)


def test_a_node_may_tell_its_class_without_an_edge() -> None:
    alone = edge_between(VOTER, EdgeEnd(VOTER, "voter:NY"), EdgeEnd(VOTER, "voter:NY"))
    assert read_link(*write_link(alone)) == IdentityEdge(VOTER, VOTER, VOTER, "voter:NY", "voter:NY")


@pytest.mark.parametrize(
    "key",
    [
        *(None, b"", b"seen", b"seen/t/a", b"seen/t/a/b/c", b"seen/t//b", b"seen/t/b/a", b"said/a/a", b"said/b/a"),
        *(b"erased/", b"erased/a/b", b"erased/a\n", b"erased/" + b"x" * 65, b"seen/t/a/\xff", b"told/t/a/b"),
    ],
)
def test_what_no_key_of_ours_looks_like_is_refused(key: bytes | None) -> None:
    for value in (None, b"{}"):
        refused = read_link(key, value)
        assert isinstance(refused, Refusal)
        assert refused.reason is Reason.INVALID_DATA


def value_of(link: IdentityLink, **other: object) -> bytes:
    return orjson.dumps({**orjson.loads(write_link(link)[1] or b""), **other})


@pytest.mark.parametrize(
    ("link", "other"),
    [
        (LINKS[0][0], {"a": "another"}),
        (LINKS[0][0], {"b": VOTER + "\n"}),
        (LINKS[0][0], {"alias": 1}),
        (LINKS[0][0], {"a_class": ""}),
        (LINKS[3][0], {"contact_ids": ["zed", "ada"]}),
        (LINKS[3][0], {"contact_ids": ["ada"]}),
        (LINKS[3][0], {"time": "2012-02-22T00:00:00Z"}),
        (LINKS[3][0], {"same": None}),
        (LINKS[5][0], {"fragment": VOTER}),
        (LINKS[5][0], {"id": None}),
    ],
)
def test_a_value_that_is_not_what_its_key_says_is_refused(link: IdentityLink, other: dict[str, object]) -> None:
    key, _ = write_link(link)
    assert read_link(key, value_of(link)) == link
    assert isinstance(read_link(key, value_of(link, **other)), Refusal)


@given(st.sampled_from([write_link(link)[0] for link, _, _ in LINKS]), st.binary(max_size=60))
def test_no_value_whatever_raises(key: bytes, value: bytes) -> None:
    assert isinstance(read_link(key, value), Refusal)


@given(st.binary(max_size=80), st.none() | st.binary(max_size=60))
def test_no_key_whatever_raises(key: bytes, value: bytes | None) -> None:
    assert isinstance(
        read_link(key, value), Refusal | EdgeWithdrawal | DecisionWithdrawal | ErasureCompletion | LinkDecision
    )
    assert isinstance(read_canonical_id(key, value), Refusal | tuple)


def test_what_a_later_version_adds_is_passed_over() -> None:
    link = LINKS[0][0]
    assert read_link(write_link(link)[0], value_of(link, since=7)) == link


@pytest.mark.parametrize("erased", [None, COMMAND])
def test_a_roof_is_read_as_it_was_written(erased: CommandStamp | None) -> None:
    roof = CanonicalId(VOTER, 7, erased)
    assert orjson.loads(write_canonical_id(roof)) == {
        "roof": VOTER,
        "version": 7,
        **({} if erased is None else {"erased": {"time": erased.time, "source": erased.source, "id": erased.id}}),
    }
    assert read_canonical_id(EMAIL.encode(), write_canonical_id(roof)) == (EMAIL, roof)


def test_a_node_that_stands_alone_has_no_roof() -> None:
    assert read_canonical_id(EMAIL.encode(), None) == (EMAIL, None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((None, None), (b"", None), (b"a/b", None), (b"a\n", None), (b"\xff", None)),
        *((b"a", b""), (b"a", b"{}"), (b"a", b'{"roof": "b/c", "version": 1}'), (b"a", b'{"roof": "b"}')),
        *((b"a", b'{"roof": "b", "version": "1"}'), (b"a", b'{"roof": "b", "version": 1, "erased": true}')),
    ],
)
def test_an_invalid_record_of_contact_roofs_is_refused(key: bytes | None, value: bytes | None) -> None:
    assert isinstance(read_canonical_id(key, value), Refusal)
