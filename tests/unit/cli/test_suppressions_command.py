from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import orjson
import pytest

from events.topics import CONTACT_LINKS, CONTACT_SUPPRESSIONS
from streams.cli.suppressions import _read
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.services.suppressions.closings import ClosingStore

CLOSED = orjson.dumps({"email": {"reason": "unsubscribed", "since": "2026-02-03T18:00:00Z", "source": "s", "id": "1"}})


class _Record(NamedTuple):
    key: bytes
    value: bytes | None


class _Consumer:
    def close(self) -> None:
        pass


BEFORE = {CONTACT_SUPPRESSIONS: [_Record(b"email:f", CLOSED)], CONTACT_LINKS: []}
AFTER = {
    CONTACT_SUPPRESSIONS: [_Record(b"email:f", None), _Record(b"crm.r", CLOSED)],
    CONTACT_LINKS: [_Record(b"email:f", orjson.dumps({"merged_into": "crm.r"}))],
}


def test_a_closed_person_is_found_though_two_contacts_are_merged_between_the_reading_of_two_topics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter((BEFORE, AFTER))

    def records_of(_: object, topic: str) -> Iterator[_Record]:
        return iter(next(moments)[topic])

    monkeypatch.setattr(KafkaClients, "tool_consumer", lambda _: _Consumer())
    monkeypatch.setattr("streams.platform.topic_reading.records_of", records_of)

    with closing(ClosingStore()) as store:
        _read(Settings(_env_file=None), "email", store, with_links=True)
        found = store.of(["email:f"], at=0)

    assert found is not None
    assert found.reason == "unsubscribed"
