"""What the journal takes from its topic, without a broker."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from faust.types import TP

from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.services.deliver import journal as journal_module
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


async def test_a_request_is_heard_though_kafka_does_not_say_who_the_owner_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read is read again: a request beside the record of another owner was passed over."""

    class Reader:
        def __init__(self, _: KafkaClients) -> None:
            pass

        async def __aenter__(self) -> "Reader":
            return self

        async def __aexit__(self, *_: object) -> None:
            pass

        async def runs(self, _tp: TP, start: int, _end: int) -> AsyncIterator[Any]:
            if start < 2:
                yield SimpleNamespace(records=records, next_offset=2)

    records = [
        SimpleNamespace(key=b"/owner", value=b'{"process": "another"}', offset=0),
        SimpleNamespace(key=replay_key("app"), value=orjson.dumps(REQUEST), offset=1),
    ]
    asked = 0

    async def require_owner() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ConnectionError

    found = journal()
    monkeypatch.setattr(journal_module, "PartitionReader", Reader)
    monkeypatch.setattr(found, "_require_owner", require_owner)
    assert await anext(found.replay_requests()) == "app"
