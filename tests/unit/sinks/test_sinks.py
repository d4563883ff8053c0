"""Batches, keys and outages."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.regimes import RegimeName
from sinks.base import ContactChange
from sinks.batch import ROW_BYTES, cut_to_size, newest_changes, pack, weight_of
from sinks.keys import contact_key, identity_key, partition_of, position_key, shares_key, shares_regime, text
from sinks.postgres.outages import QUIET_S, TROUBLES, Outage, described
from streams.platform.settings import Settings


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


# Hashes by org.apache.kafka.common.utils.Utils.murmur2 of kafka-clients 4.3.1, the sign bit taken off.
@pytest.mark.parametrize(
    ("contact_id", "hashed"),
    [
        ("", 275646681),
        ("21", 1173551340),
        ("abc", 479470107),
        ("foobar", 1357151166),
        ("van:1", 1991320151),
        ("a-little-bit-long-string", 1161502112),
        ("a-little-bit-longer-string", 661178819),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", 2088585677),
        ("external:0123456789abcdef0123456789abcdef", 1991315056),
    ],
)
def test_a_contact_is_in_the_partition_where_kafka_puts_it(contact_id: str, hashed: int) -> None:
    assert partition_of(contact_id, 2**31) == hashed
    assert partition_of(contact_id, 12) == hashed % 12


def test_redis_keys_are_those_of_the_contract() -> None:
    assert contact_key("ada") == "contact:ada"
    assert identity_key("email:0f") == "identity:email:0f"
    assert position_key(3) == "sink:contact-state:3"
    assert position_key(3, "contact-links") == "sink:contact-links:3"


def test_a_reply_is_read_decoded_or_not() -> None:
    assert text(b"caf\xc3\xa9") == text("café") == "café"


def ids(regime: RegimeName, **more: Any) -> list[str]:
    return Settings(_env_file=None, regime=regime, **more).key_ids


def test_who_works_under_another_regime_than_the_workers_knows() -> None:
    """Another policy holds there, and numbers without a country code are other people's."""
    workers = " ".join(ids("fr"))
    assert shares_regime(workers, ids("fr"))
    assert shares_regime(workers, ids("us", phone_region="FR")) is False
    assert shares_regime(workers, ids("eu")) is False
    assert shares_regime(workers, ids("fr", phone_region="BE")) is False
    assert shares_key(workers, ids("us")) is shares_key(workers, Settings(_env_file=None).hasher.key_ids) is True


def test_under_the_default_regime_and_with_workers_of_before_nothing_more_is_compared() -> None:
    own = ids("us")
    assert shares_regime(" ".join(ids("us", phone_region="GB")), own)
    assert shares_regime(" ".join(Settings(_env_file=None).hasher.key_ids), ids("fr"))
    assert shares_regime(None, ids("fr"))
    assert shares_regime(" ".join(own), [])


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_outage_is_said_once_and_its_end_once() -> None:
    clock = Clock()
    outage = Outage(clock)
    assert outage.answered() is None
    said = []
    for _ in range(68):
        said.append(outage.failed("28P01"))
        clock.now += 0.5
    assert said[0] is not None
    assert "wrong password" in said[0]
    assert "HARMONIA_POSTGRES" in said[0]
    assert said[1:] == [None] * 67
    clock.now += QUIET_S
    assert outage.answered() == "postgres: answers again, after 34 s"
    assert outage.answered() is None
    assert outage.failed("28P01") == said[0]


def test_another_cause_in_the_same_outage_is_said() -> None:
    outage = Outage(Clock())
    told = [outage.failed(code) for code in ("ConnectionRefusedError", "57P03", "ConnectionRefusedError", "57P03")]
    assert [each is not None for each in told] == [True, True, False, False]


def test_where_some_calls_are_answered_and_others_are_not_it_does_not_come_and_go() -> None:
    clock = Clock()
    outage = Outage(clock)
    said = [outage.failed("42501")]
    for _ in range(30):
        clock.now += 1.0
        said += [outage.answered(), outage.failed("42501")]
    assert [each for each in said if each is not None] == [said[0]]


def test_a_code_that_is_not_known_is_said_by_itself() -> None:
    assert described("XX000") == "XX000"


@pytest.mark.parametrize("code", TROUBLES)
def test_the_page_lists_each_code_as_the_log_says_it(code: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", Path("docs/postgres.md").read_text(), re.MULTILINE)
    assert {each: told for each, *told in rows}.get(code) == [*TROUBLES[code]]
