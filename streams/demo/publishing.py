"""Publishes the demo's script to Kafka, as several teams' producers would, and waits until all of it is in Redis."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from redis import Redis

from events.adapters.fec import RefusedRow
from events.dead_letters import Origin, dead_letter_headers
from events.topics import DEAD_LETTERS
from sinks.keys import contact_key
from streams.demo.deployment import Deployment, internal_topics_are_drained
from streams.demo.progress import Progress
from streams.demo.read_back import versions_in_redis, versions_in_topic
from streams.demo.script import FILE_NAME, Script
from streams.demo.truth import Publication
from streams.platform.errors import EngineError

IMPORT_STAGE = "import"
PATIENCE_S = 30.0
_AHEAD = 20_000
"""So many records at most wait for their acknowledgement: of more, the last would wait for longer than a record may."""


def publish(producer: KafkaProducer, publications: Sequence[Publication], advance: Callable[[], None]) -> None:
    """Send all records in order and wait for every acknowledgement; `advance` is called at each.

    How long all of them take depends on the machine, so that is not limited. Raises what Kafka has refused, and
    `KafkaTimeoutError` when one record is not acknowledged within the delivery timeout of the producer.
    """
    sent: deque[Any] = deque()
    for one in publications:
        if len(sent) >= _AHEAD:
            sent.popleft().get()
        future = producer.send(one.topic, key=one.key, value=one.value, headers=list(one.headers))
        future.add_callback(lambda _: advance())
        sent.append(future)
    producer.flush()
    for future in sent:
        future.get()


def publish_refused(producer: KafkaProducer, rows: Sequence[RefusedRow], at_ms: int) -> None:
    """Write the refused rows of the donations file to `dead-letters`, their line numbers as offsets."""
    for row in rows:
        origin = Origin(IMPORT_STAGE, FILE_NAME, 0, row.line)
        producer.send(DEAD_LETTERS, value=row.row, headers=dead_letter_headers([], row.refusal, origin, at_ms))
    producer.flush()


def probes_of(publications: Sequence[Publication], most: int) -> list[Publication]:
    """The last `most` publications that are accepted and never repeated: each must change a profile by itself."""
    times: dict[tuple[str, str], int] = {}
    for one in publications:
        times[one.sent.source, one.sent.id] = times.get((one.sent.source, one.sent.id), 0) + 1
    single = [one for one in publications if one.reason is None and times[one.sent.source, one.sent.id] == 1]
    return single[-most:]


def probe(
    producer: KafkaProducer, redis: Redis, one: Publication, contact_id: str, clock: Callable[[], float]
) -> float:
    """Publish one more interaction; returns the seconds from its acknowledgement to the changed profile in Redis.

    Asks Redis as fast as it answers. Raises `TimeoutError` after 30 s.
    """
    before = redis.hget(contact_key(contact_id), "version")
    producer.send(one.topic, key=one.key, value=one.value, headers=list(one.headers)).get(PATIENCE_S)
    acknowledged = clock()
    while redis.hget(contact_key(contact_id), "version") == before:
        if clock() - acknowledged > PATIENCE_S:
            raise TimeoutError("an acknowledged interaction did not reach Redis")
    return clock() - acknowledged


PROBES = 100
LOOK_AGAIN_S = 0.25
STUCK_AFTER_S = 60.0
"""How long nothing may move before the pipeline counts as stuck."""

ShowProgress = Callable[[int, Progress], None]


class PipelineStuck(EngineError):
    """Nothing moved for a while though not everything is done."""


@dataclass(frozen=True, slots=True)
class PlayResult:
    """How a script was published: so many `records` in `seconds`, to the last profile in Redis, then each probe."""

    records: int
    seconds: float
    latencies: list[float]


def play(deployment: Deployment, script: Script, show: ShowProgress) -> PlayResult:
    """Publish the whole script, the last hundred single interactions one by one to measure latency.

    `show` is given the acknowledged records and the progress, several times a second. Raises `PipelineStuck`.
    """
    publish_refused(deployment.producer, script.refused_rows, time.time_ns() // 1_000_000)
    probes = probes_of(script.publications, PROBES)
    apart = {id(one) for one in probes}
    bulk = [one for one in script.publications if id(one) not in apart]
    seconds = play_bulk(deployment, bulk, show)
    latencies = [
        probe(deployment.producer, deployment.redis, one, deployment.identify(one.sent.contact), time.perf_counter)
        for one in probes
    ]
    wait_until_in_redis(deployment, lambda progress: show(len(bulk) + len(probes), progress))
    return PlayResult(len(bulk), seconds, latencies)


def play_bulk(deployment: Deployment, publications: Sequence[Publication], show: ShowProgress) -> float:
    """Publish as fast as it goes; returns the seconds until everything was in Redis."""
    acknowledged = 0

    def advance() -> None:
        nonlocal acknowledged
        acknowledged += 1

    started = time.perf_counter()
    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish, deployment.producer, publications, advance)
        while not _ended(publishing):
            show(acknowledged, deployment.observer.progress())
    publishing.result()
    return wait_until_in_redis(deployment, lambda progress: show(acknowledged, progress)) - started


def wait_until_in_redis(deployment: Deployment, show: Callable[[Progress], None]) -> float:
    """Wait until Redis holds the latest version of every contact; returns the time at which the sink last moved.

    Raises `PipelineStuck` when nothing has moved for a minute.
    """
    before, moved = deployment.observer.progress(), time.perf_counter()
    wanted: dict[bytes, int] | None = None
    while True:
        now = deployment.observer.progress()
        show(now)
        if now != before:
            before, moved, wanted = now, time.perf_counter(), None
        elif now.is_folded and internal_topics_are_drained(deployment):
            wanted = wanted if wanted is not None else versions_in_topic(deployment.consumer)
            if versions_in_redis(deployment.redis, wanted) == wanted:
                return moved
        if time.perf_counter() - moved > STUCK_AFTER_S:
            raise PipelineStuck(f"nothing has moved for {STUCK_AFTER_S:.0f} s: {now}")
        time.sleep(LOOK_AGAIN_S)  # nobody is told of it; brokers and Redis are asked, which have work to do


def _ended(publishing: "Future[None]") -> bool:
    try:
        publishing.result(LOOK_AGAIN_S)
    except NotYet:
        return False
    return True
