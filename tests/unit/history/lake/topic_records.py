"""Records of `interactions` for tests of the lake."""

from events.harmonised import harmonise
from events.json_types import JSON
from events.times import render_time
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW, accepted, event
from tests.unit.worker.agents.contacts.interaction_records import HASHER

TOPIC_ID = "5d8c2f0e-7a3b-4c11-9d4e-0f6a2b3c4d5e"
DAY = 86_400_000


def topic_record(offset: int, type_: str = "email.opened", at: int = NOW, **data: JSON) -> Fetched:
    """A record at an offset of partition 0, of what happened `at` a time (ms); `data` replaces or adds fields."""
    content = event(type_, **data) | {"id": f"i{offset}", "time": render_time(at)}
    key, value = harmonise(accepted(content), HASHER)
    return Fetched(offset, value, key.encode(), timestamp=NOW + offset, partition=0)


def unreadable_record(offset: int, value: bytes | None, key: bytes | None = b"c1") -> Fetched:
    """A record that intake would never have written."""
    return Fetched(offset, value, key, timestamp=NOW + offset, partition=0)
