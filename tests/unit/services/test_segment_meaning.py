"""By what a segment chooses people, and whom a row of a list names."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from events.identifiers import Hasher
from events.json_types import JSON
from sinks.segment_lookup import StoredSegments
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import ChannelRules, channel_rules
from streams.domain.segments.compiled_segments import compiled_segments
from streams.services.ad_audience.judging import identifiers_in
from streams.services.audience import CsvRecord, Header
from streams.services.audience.header import read_header
from streams.services.segment_meaning import SegmentMeaning, meaning_of, settled_meaning

RULES = channel_rules(default_policy("fr"))
OTHERS = channel_rules(default_policy("us"))


def defined(*conditions: JSON) -> dict[str, bytes]:
    return {"s": orjson.dumps({"id": "s", "owner": "field", "all": [*conditions]})}


def stored(now: dict[str, bytes], judged: dict[str, bytes], as_of: int = 1, seen_at: int = 2) -> StoredSegments:
    """What is defined now, of which both partitions say that all were judged by what was defined before."""
    edition = compiled_segments(judged, RULES).segments["s"].edition
    count = {"edition": edition, "state": "complete", "members": 1, "entered": 1, "left": 0}
    said = orjson.dumps({**count, "as_of": "2012-03-01T12:00:00.000Z"})
    return StoredSegments(as_of, seen_at, 2, now, {"s": [said, said]}, {})


def meaning(now: dict[str, bytes], judged: dict[str, bytes], rules: ChannelRules = RULES) -> SegmentMeaning:
    return meaning_of(stored(now, judged), "s", rules)


class Looks:
    """A reader of Redis to whom it shows these, one in each look."""

    def __init__(self, *shown: StoredSegments) -> None:
        self._left: Iterator[StoredSegments] = iter(shown)

    async def all(self, only: str) -> StoredSegments:
        assert only == "s"
        return next(self._left)


async def settled_at(*shown: StoredSegments) -> int:
    """As of when Redis had everything in the look that was believed."""
    reader: Any = Looks(*shown)
    return (await settled_meaning(reader, "s", RULES)).as_of


async def test_who_came_in_as_all_were_judged_is_waited_for() -> None:
    """Counts are read after the clock: the first look has it that all are judged, and may lack who was let in then."""
    age = defined({"age_band": "25-34"})
    looks = [stored(age, age, as_of, seen_at) for as_of, seen_at in ((1000, 1000), (1000, 1010), (1250, 1300))]
    assert await settled_at(*looks) == 1250


async def test_each_definition_that_comes_meanwhile_is_waited_for_anew() -> None:
    support, age = defined({"support": [1]}), defined({"age_band": "25-34"})
    looks = [stored(support, support, 1000, 1000), stored(support, support, 1000, 1010), stored(age, age, 1250, 1300)]
    assert await settled_at(*looks, stored(age, age, 1250, 1310), stored(age, age, 1500, 1600)) == 1500


def test_who_was_judged_by_another_definition_was_not_by_this_one() -> None:
    support, age = defined({"support": [1]}), defined({"age_band": "25-34"})
    assert meaning(support, support).is_complete
    assert meaning(age, age).is_complete
    assert not meaning(age, support).is_complete
    assert "HARMONIA_POLICY" not in meaning(age, support).cure


def test_an_open_channel_is_asked_by_the_policy_of_the_workers() -> None:
    door = defined({"channel": "door", "is": "open"})
    assert meaning(door, door).is_complete
    judged = meaning(door, door, OTHERS)
    assert not judged.is_complete
    assert "HARMONIA_POLICY and HARMONIA_REGIME have to be the workers' here too" in judged.cure


# Whom a row of a list names where it is judged for an audience: no address goes along under another name.
HASHER = Hasher([b"a key"])


def read(header: str, row: str, *, gated: bool) -> str | int:
    """How many identifiers a row has, or why it names nobody."""
    columns = read_header(header.split(","))
    assert isinstance(columns, Header)
    found = identifiers_in(columns, CsvRecord(2, row.encode()), HASHER, gated=gated)
    return found if isinstance(found, str) else len(found)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("contact_id,email", "bob@example.org,ada@example.org"),
        ("voter_id,email", "bob@example.org,ada@example.org"),
        ("external.crm,email", "bob@example.org,ada@example.org"),
        ("external.crm,contact_id", "bob@example.org,c1"),
    ],
)
def test_under_the_gate_no_address_stands_in_a_column_of_ids(header: str, row: str) -> None:
    """Nobody would be found by it, and whose it is would be in the audience unjudged."""
    assert read(header, row, gated=True) == "no_identifier"
    assert read(header, row, gated=False) in (1, 2)


@pytest.mark.parametrize("gated", [True, False])
def test_what_can_be_read_is_who_is_judged(gated: bool) -> None:
    assert read("contact_id,external.crm,email", "c1,7,ada@example.org", gated=gated) == 3
    assert read("contact_id,email", "c1,", gated=gated) == 1
    assert read("contact_id,email", "c1,nobody", gated=gated) == "no_identifier"
    assert read("contact_id,email", ",", gated=gated) == "no_identifier"
    assert read("contact_id,phone", "c1,2125550101;2125550102", gated=gated) == "no_identifier"
    assert read("contact_id,email", "c1", gated=gated) == "malformed_row"
    assert read("email,note", "ada@example.org,x\rper5@example.org", gated=gated) == "malformed_row"
