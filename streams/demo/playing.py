"""Plays the script against a deployment and waits until every interaction is in Redis."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass

from streams.demo.between import nothing_is_between
from streams.demo.collecting import versions_in_redis, versions_in_topic
from streams.demo.deployment import Deployment
from streams.demo.progress import Progress
from streams.demo.publishing import probe, probes_of, publish, publish_refused
from streams.demo.script import Script
from streams.demo.truth import Publication
from streams.platform.errors import EngineError

PROBES = 100
LOOK_AGAIN_S = 0.1
PATIENCE_S = 60.0
"""How long nothing may move before the pipeline counts as stuck."""

Show = Callable[[int, Progress], None]


class Stuck(EngineError):
    """Nothing moved for a while though not everything is done."""


@dataclass(frozen=True, slots=True)
class Played:
    """Seconds from the first record published to the last profile in Redis; then, one by one, those of the probes."""

    records: int
    seconds: float
    latencies: list[float]


def play(deployment: Deployment, script: Script, show: Show) -> Played:
    """Publish everything, the last hundred single interactions one by one to measure latency.

    `show` is given the acknowledged records and the progress, several times a second. Raises `Stuck`.
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
    return Played(len(bulk), seconds, latencies)


def play_bulk(deployment: Deployment, publications: Sequence[Publication], show: Show) -> float:
    """Publish as fast as it goes; returns the seconds until all of it was in Redis."""
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
    """Return once Redis holds the latest version of every contact, with the time at which the sink last moved.

    Raises `Stuck` when nothing has moved for a minute.
    """
    before, moved = deployment.observer.progress(), time.perf_counter()
    wanted: dict[bytes, int] | None = None
    while True:
        now = deployment.observer.progress()
        show(now)
        if now != before:
            before, moved, wanted = now, time.perf_counter(), None
        elif now.is_folded and nothing_is_between(deployment):
            wanted = wanted if wanted is not None else versions_in_topic(deployment.consumer)
            if versions_in_redis(deployment.redis, wanted) == wanted:
                return moved
        if time.perf_counter() - moved > PATIENCE_S:
            raise Stuck(f"nothing has moved for {PATIENCE_S:.0f} s: {now}")


def _ended(publishing: "Future[None]") -> bool:
    try:
        publishing.result(LOOK_AGAIN_S)
    except NotYet:
        return False
    return True
