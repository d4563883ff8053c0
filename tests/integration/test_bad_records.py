"""Whatever comes in on a topic, the worker lives, the bad is kept as it came and the good is applied."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from random import Random

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaProducer

from events.envelope import Interaction
from events.fields import MAX_RECORD_BYTES
from events.harmonised import harmonise
from events.refusal import Reason, Refusal
from events.registry import TOPICS_OF
from events.topics import CONTACT_COMMANDS, DEAD_LETTERS, INPUT_TOPICS, INTERACTIONS
from streams.engine.runs import KafkaRecord
from tests.integration.garbage import ONE_VALID_IN, drafts
from tests.integration.letters import came_out, is_letter_of, judged, on, origin_of, place_of
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, ask, until_in_redis
from tests.integration.tap import Tap, tapped

NOISE = 4_000
WORKER = {"HARMONIA_QUARANTINE_LETTERS": "0"}
"""All the noise says that it is of one source, and here it is about what is refused."""
JUDGED = {
    *(Reason.NOT_JSON, Reason.NOT_CLOUDEVENT, Reason.UNKNOWN_TYPE, Reason.NO_TIME, Reason.TIME_IN_FUTURE),
    *(Reason.NO_IDENTIFIER, Reason.INVALID_DATA),
}


@contextmanager
def listening(system: System, topic: str) -> Iterator[Tap]:
    with tapped(system.settings, topic, INTERACTIONS, DEAD_LETTERS) as tap:
        yield tap


def publish_noise(system: System, topic: str) -> None:
    """Kafka's own client limits do not stop any of it: that is for the worker to do."""
    physical = system.settings.topic_prefix + topic
    settings = {"bootstrap_servers": system.settings.kafka_brokers, "compression_type": "gzip", "linger_ms": 20}
    with closing(KafkaProducer(**settings)) as producer:
        sent = [
            producer.send(physical, key=draft.key, value=draft.value, headers=draft.headers)
            for draft in drafts(topic, NOISE, fresh()[:12], Random(topic))
        ]
        for future in sent:
            future.get(60)


@pytest.mark.parametrize("topic", [topic.name for topic in INPUT_TOPICS])
def test_of_thousands_of_records_of_noise_each_is_refused_or_applied(system: System, topic: str) -> None:
    with listening(system, topic) as tap:
        publish_noise(system, topic)
        tap.until(lambda seen: len(on(seen, topic)) == NOISE and came_out(seen) >= NOISE, "all of the noise")
    sent = {place_of(record): (record, judged(record)) for record in on(tap.records, topic)}
    bad = {place: (record, told) for place, (record, told) in sent.items() if isinstance(told, Refusal)}
    good = [told for _, told in sent.values() if isinstance(told, Interaction)]

    letters = {origin_of(letter): letter for letter in on(tap.records, DEAD_LETTERS)}
    assert letters.keys() == bad.keys()
    assert [place for place, (record, why) in bad.items() if not is_letter_of(letters[place], record, why)] == []
    assert_applied(system, good, on(tap.records, INTERACTIONS))
    assert len(good) >= NOISE // ONE_VALID_IN
    assert {why.reason for _, why in bad.values()} >= JUDGED
    assert system.workers.process.poll() is None
    assert [ask(f"{system.base}/{path}")[0] for path in ("livez", "readyz")] == [200, 200]


def assert_applied(system: System, good: list[Interaction], harmonised: list[KafkaRecord]) -> None:
    """Each is in `interactions` and, commands apart, counted in the profile of its contact."""
    wanted: dict[str, Counter[str]] = defaultdict(Counter)
    values = set()
    for said in good:
        fragment, value = harmonise(said, system.deployment.hasher)
        values.add((fragment.encode(), value))
        if CONTACT_COMMANDS not in TOPICS_OF[said.type]:
            wanted[fragment][said.type] += said.type != "interaction.retracted"
    assert {(record.key, record.value) for record in harmonised} == values
    for fragment, counts in wanted.items():
        profile = json.loads(until_in_redis(system, fragment))
        assert Counter(profile["counts"]) >= counts  # noise of other topics may be about the same nobody


async def send(system: System, value: bytes | None, headers: list[tuple[str, bytes | None]], codec: str | None) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=system.settings.kafka_bootstrap, compression_type=codec, max_request_size=64 << 20
    ) as producer:
        await producer.send_and_wait(system.settings.topic_prefix + "email-events", value, headers=headers)


def of_size(size: int, contact_id: str) -> bytes:
    """A valid event of exactly so many bytes."""
    text = "x" * 1000
    bare, _ = structured(event("email.opened", {"contact_id": contact_id}, unknown=[text] * ((size - 2000) // 1004)))
    return bare + b" " * (size - len(bare))


async def test_a_record_of_the_largest_size_is_applied(system: System) -> None:
    contact_id = fresh()
    await send(system, of_size(MAX_RECORD_BYTES, contact_id), [], None)
    assert json.loads(until_in_redis(system, contact_id))["counts"] == {"email.opened": 1}


@pytest.mark.parametrize(("size", "codec"), [(MAX_RECORD_BYTES + 1, None), (1_000_000, None), (16 << 20, "gzip")])
async def test_a_larger_record_is_refused_and_kept_whole(system: System, size: int, codec: str | None) -> None:
    contact_id = fresh()
    with listening(system, "email-events") as tap:
        await send(system, of_size(size, contact_id), [("own", b"header")], codec)
        tap.until(lambda seen: came_out(seen) == 1 and len(on(seen, "email-events")) == 1, "the letter")
    [record], [letter] = on(tap.records, "email-events"), on(tap.records, DEAD_LETTERS)
    why = judged(record)
    assert isinstance(why, Refusal)
    assert why.reason == Reason.TOO_LARGE
    assert is_letter_of(letter, record, why)
    assert len(letter.value or b"") == size


async def test_odd_headers_are_kept_in_their_order(system: System) -> None:
    headers = [("empty", b""), ("null", None), ("empty", b"again"), ("", b"no name"), ("raw", b"\xff\xfe\x00")]
    contact_id = fresh()
    with listening(system, "email-events") as tap:
        await send(system, b"bad", headers, None)
        await send(system, of_size(3000, contact_id), headers, None)
        tap.until(lambda seen: came_out(seen) == 2 and len(on(seen, "email-events")) == 2, "both")
    [letter] = on(tap.records, DEAD_LETTERS)
    assert list(letter.headers[: len(headers)]) == headers
    assert json.loads(until_in_redis(system, contact_id))["counts"] == {"email.opened": 1}


async def test_a_record_of_nothing_at_all_is_a_dead_letter(system: System) -> None:
    """No client sends one by its ordinary call; batches may hold it all the same."""
    with listening(system, "email-events") as tap:
        async with AIOKafkaProducer(bootstrap_servers=system.settings.kafka_bootstrap) as producer:
            batch = producer.create_batch()
            batch.append(key=None, value=None, timestamp=None)
            await (await producer.send_batch(batch, system.settings.topic_prefix + "email-events", partition=0))
        tap.until(lambda seen: len(seen) == 2, "the record and its letter")
    [letter] = on(tap.records, DEAD_LETTERS)
    assert (letter.key, letter.value) == (None, None)
