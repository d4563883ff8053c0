"""By what a segment chooses people: complete is only who was judged by its definition and the policy of now."""

from collections.abc import Iterator
from typing import Any

import orjson

from events.json_types import JSON
from sinks.segment_lookup import StoredSegments
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import ChannelRules, channel_rules
from streams.domain.segments.compiled_segments import compiled_segments
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
