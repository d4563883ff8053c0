"""By what a segment chooses people: complete is only who was judged by its definition and the policy of now."""

import orjson

from events.json_types import JSON
from sinks.segment_lookup import StoredSegments
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import ChannelRules, channel_rules
from streams.domain.segments.compiled_segments import compiled_segments
from streams.services.segment_meaning import SegmentMeaning, meaning_of

RULES = channel_rules(default_policy("fr"))
OTHERS = channel_rules(default_policy("us"))


def defined(*conditions: JSON) -> dict[str, bytes]:
    return {"s": orjson.dumps({"id": "s", "owner": "field", "all": [*conditions]})}


def meaning(now: dict[str, bytes], judged: dict[str, bytes], rules: ChannelRules = RULES) -> SegmentMeaning:
    """What is defined now, of which both partitions say that all were judged by what was defined before."""
    edition = compiled_segments(judged, RULES).segments["s"].edition
    count = {"edition": edition, "state": "complete", "members": 1, "entered": 1, "left": 0}
    said = orjson.dumps({**count, "as_of": "2012-03-01T12:00:00.000Z"})
    return meaning_of(StoredSegments(1, 2, 2, now, {"s": [said, said]}, {}), "s", rules)


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
