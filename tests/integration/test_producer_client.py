"""The client's producers on a real Kafka."""

import asyncio
from datetime import UTC, datetime

import orjson
import pytest

from events.client import InvalidEvent, aio, sync
from events.topics import EMAIL_EVENTS
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from tests.integration.said import fresh

AT = datetime(2026, 2, 3, 18, tzinfo=UTC)


def opened(mark: str) -> dict[str, object]:
    return {"contact": {"email": f"{mark}@example.org"}, "message_id": mark}


def ids_in(settings: Settings, mark: str) -> list[str]:
    consumer = KafkaClients(settings).tool_consumer()
    try:
        values = [record.value or b"" for record in records_of(consumer, EMAIL_EVENTS)]
    finally:
        consumer.close()
    return sorted(orjson.loads(value)["id"] for value in values if mark.encode() in value)


def test_the_blocking_one(settings: Settings) -> None:
    mark = fresh()
    with sync.Producer(settings.kafka_bootstrap, "digital/mailer", topic_prefix=settings.topic_prefix) as producer:
        for number in range(300):
            producer.send("email.opened", opened(mark), time=AT, id_=f"{mark}-{number}")
        with pytest.raises(InvalidEvent):
            producer.send("email.opened", {}, time=AT)

    assert ids_in(settings, mark) == sorted(f"{mark}-{number}" for number in range(300))


def test_it_forgets_what_is_acknowledged(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "MOST_REMEMBERED", 10)
    mark, prefix = fresh(), settings.topic_prefix
    with sync.Producer(settings.kafka_bootstrap, "digital/mailer", topic_prefix=prefix, linger_ms=0) as producer:
        for _ in range(50):
            producer.send("email.opened", opened(mark), time=AT).get(30)
        assert len(producer._sent) <= 10


async def test_the_one_of_asyncio(settings: Settings) -> None:
    mark = fresh()
    async with aio.Producer(settings.kafka_bootstrap, "digital/mailer", topic_prefix=settings.topic_prefix) as producer:
        sends = [producer.send("email.opened", opened(mark), time=AT, id_=f"{mark}-{number}") for number in range(300)]
        await asyncio.gather(*sends)
        with pytest.raises(InvalidEvent):
            await producer.send("email.opened", {}, time=AT)

    assert await asyncio.to_thread(ids_in, settings, mark) == sorted(f"{mark}-{number}" for number in range(300))
