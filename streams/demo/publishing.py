"""Sends the demo's script to Kafka, as producers of several teams would."""

from collections.abc import Callable, Sequence

from kafka import KafkaProducer
from redis import Redis

from events.adapters.fec import RefusedRow
from events.dead_letters import Origin, dead_letter_headers
from events.topics import DEAD_LETTERS
from sinks.keys import contact_key
from streams.demo.contributions import FILE_NAME
from streams.demo.truth import Publication

IMPORT_STAGE = "import"
PATIENCE_S = 30.0


def publish(producer: KafkaProducer, publications: Sequence[Publication], advance: Callable[[], None]) -> None:
    """Send all in order and return when every one is acknowledged; `advance` is called for each acknowledgement."""
    sent = []
    for one in publications:
        future = producer.send(one.topic, key=one.key, value=one.value, headers=list(one.headers))
        future.add_callback(lambda _: advance())
        sent.append(future)
    producer.flush(PATIENCE_S)
    for future in sent:
        future.get(PATIENCE_S)


def publish_refused(producer: KafkaProducer, rows: Sequence[RefusedRow], at_ms: int) -> None:
    """Put the file's refused rows into `dead-letters`, their line numbers as offsets."""
    for row in rows:
        origin = Origin(IMPORT_STAGE, FILE_NAME, 0, row.line)
        producer.send(DEAD_LETTERS, value=row.row, headers=dead_letter_headers([], row.refusal, origin, at_ms))
    producer.flush()


def probes_of(publications: Sequence[Publication], most: int) -> list[Publication]:
    """The last publications that are accepted and never repeated: each of them must change a profile by itself."""
    times: dict[tuple[str, str], int] = {}
    for one in publications:
        times[one.sent.source, one.sent.id] = times.get((one.sent.source, one.sent.id), 0) + 1
    single = [one for one in publications if one.reason is None and times[one.sent.source, one.sent.id] == 1]
    return single[-most:]


def probe(
    producer: KafkaProducer, redis: Redis, one: Publication, contact_id: str, clock: Callable[[], float]
) -> float:
    """Seconds from the acknowledgement of one more interaction until the profile in Redis has changed.

    Asks Redis as fast as it answers. Raises `TimeoutError` after 30 s.
    """
    before = redis.hget(contact_key(contact_id), "version")
    producer.send(one.topic, key=one.key, value=one.value, headers=list(one.headers)).get(PATIENCE_S)
    acknowledged = clock()
    while redis.hget(contact_key(contact_id), "version") == before:
        if clock() - acknowledged > PATIENCE_S:
            raise TimeoutError("an acknowledged interaction did not reach Redis")
    return clock() - acknowledged
