"""What the journal takes from its topic, without a broker."""

from typing import Any

import orjson
import pytest

from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.services.deliver.journal import Journal, replay_key

SINCE = "2012-11-06T12:00:00.000Z"
REQUEST = {"since": SINCE, "failed": True, "at": SINCE}


def journal(*records: tuple[bytes, Any]) -> Journal:
    found = Journal(KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1")), "test")
    for offset, (key, value) in enumerate(records):
        written = value if isinstance(value, bytes) else orjson.dumps(value)
        found._take(key, written, offset)
    return found


def replayed(request: int, dead_from: int | None) -> tuple[bytes, Any]:
    return b"app/replayed", {"request": request, "dead_from": dead_from}


@pytest.mark.parametrize(
    "value", [b"", b"[]", b"{}", b"3", {"failed": True, "at": SINCE}, REQUEST | {"since": "x"}, REQUEST | {"failed": 1}]
)
def test_what_is_no_request_is_passed_over(value: Any) -> None:
    assert journal((replay_key("app"), value)).replay_of("app") is None


def test_a_second_request_does_not_replace_one_that_is_open() -> None:
    first, second = (replay_key("app"), REQUEST), (replay_key("app"), REQUEST | {"failed": False})
    for records in ((first, second), (first, replayed(0, 7), second)):
        found = journal(*records).replay_of("app")
        assert found is not None
        assert (found.offset, found.request["failed"]) == (0, True)
    found = journal(first, replayed(0, None), second).replay_of("app")
    assert found is not None
    assert (found.offset, found.request["failed"]) == (2, False)
