"""Limits how fast history is replayed: at the rate asked for, and slower while workers are behind.

Whatever waits in front of a worker delays the live records behind it, whoever has sent it. So the measure is everything
that workers have not done, in seconds at the speed at which they work. It slows down at once, and speeds up little by
little.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from math import inf
from typing import NamedTuple

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from events.topics import INPUT_TOPICS, INTERACTIONS
from streams.platform.clients import KafkaClients, committed_offsets
from streams.platform.settings import Settings

CALM_S, BUSY_S, TOO_BUSY_S = 1.2, 2.0, 5.0
"""Thresholds of the workers' lag in seconds, which they tell once a second.

Up to the first the replay speeds up, and a pause ends; from the second it slows down; from the third it pauses.
"""
FEW = 500
"""A lag of at most this many records is never too much."""
SLOWEST, FIRST, FASTEST = 50.0, 2_000.0, 100_000.0
"""Rates in records a second."""
LOOK_S, SLICE_S = 1.0, 0.1
MEASURED_S, REMEMBERED_S = 3.0, 6.0
"""Shortest and longest time, in seconds, over which the workers' speed is measured."""


class WorkerLoad(NamedTuple):
    """Records that workers have not done, and records they have done since whatever moment."""

    behind: int
    done: int


class LagEstimator:
    """Estimates by how many seconds workers are behind, from observations of their load."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def seconds(self, look: WorkerLoad, now: float) -> float:
        """The lag in seconds at the time `now`. While the workers' speed is not known: a lag that changes nothing."""
        while len(self._seen) > 1 and now - self._seen[1][0] >= MEASURED_S and now - self._seen[0][0] > REMEMBERED_S:
            self._seen.popleft()
        self._seen.append((now, look.done))
        since, before = self._seen[0]
        if look.behind <= FEW:
            return 0.0
        if now - since < MEASURED_S:
            return (CALM_S + BUSY_S) / 2
        return look.behind * (now - since) / (look.done - before) if look.done > before else inf


class ReplaySpeed(NamedTuple):
    """How fast to send. `rate`: records a second, while it does not pause."""

    rate: float
    paused: bool = False


def next_speed(speed: ReplaySpeed, late: float, most: float) -> ReplaySpeed:
    """The speed after an observation. `late`: the lag in seconds; `most`: the highest rate asked for."""
    if speed.paused:
        return ReplaySpeed(speed.rate, paused=late > CALM_S)
    if late >= BUSY_S:
        return ReplaySpeed(max(min(SLOWEST, most), speed.rate / 2), paused=late >= TOO_BUSY_S)
    return ReplaySpeed(min(most, speed.rate * 1.25)) if late <= CALM_S else speed


class Clock(NamedTuple):
    """Seconds that only grow, and how to sleep."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Pacer:
    """Blocks the sender as long as needed. `look`: observes the workers; None: nobody does."""

    def __init__(
        self,
        most: float | None,
        look: Callable[[], WorkerLoad] | None,
        say: Callable[[str], object],
        clock: Clock = Clock(),  # noqa: B008 (a tuple)
    ) -> None:
        self._most = most or FASTEST
        self._look = look
        self._say = say
        self._clock = clock
        self._lateness = LagEstimator()
        self._speed = ReplaySpeed(min(self._most, FIRST) if look is not None else self._most)
        self._slowed = False
        self._left = 0
        self._ends = self._looked = clock.now() - LOOK_S

    def __call__(self) -> None:
        """To be called before each record. Blocks; raises what observing raises."""
        if self._left <= 0:
            self._next_slice()
        self._left -= 1

    def _next_slice(self) -> None:
        self._wait(self._ends - self._clock.now())
        if self._look is not None and self._clock.now() - self._looked >= LOOK_S:
            self._follow(self._look)
        self._left = max(1, round(self._speed.rate * SLICE_S))
        self._ends = max(self._ends, self._clock.now() - SLICE_S) + self._left / self._speed.rate

    def _follow(self, look: Callable[[], WorkerLoad]) -> None:
        seen, late = self._see(look)
        if self._speed.paused:
            self._say(f"pausing: workers are {_by(seen, late)} behind")
            while self._speed.paused:
                self._wait(LOOK_S)
                seen, late = self._see(look)
            self._say(f"going on at {self._speed.rate:,.0f}/s: workers are {_by(seen, late)} behind")
        elif late >= BUSY_S and not self._slowed:
            self._say(f"slower, {self._speed.rate:,.0f}/s: workers are {_by(seen, late)} behind")
        self._slowed = late >= BUSY_S or (self._slowed and late > CALM_S)

    def _see(self, look: Callable[[], WorkerLoad]) -> tuple[WorkerLoad, float]:
        seen = look()
        self._looked = self._clock.now()
        late = self._lateness.seconds(seen, self._looked)
        self._speed = next_speed(self._speed, late, self._most)
        return seen, late

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._clock.sleep(seconds)


def _by(look: WorkerLoad, late: float) -> str:
    return f"{look.behind:,} records" + ("" if late in {0.0, inf} else f" or {late:.0f} s")


_TOPICS = (*(topic.name for topic in INPUT_TOPICS), INTERACTIONS)
"""Nobody writes to them in transactions, so each offset is a record."""


class LagProbe:
    """Called, returns how many records of the input topics and `interactions` workers have not done.

    Raises Kafka's errors. `done` sums offsets, so only its growth means anything.
    """

    def __init__(self, admin: KafkaAdminClient, asking: KafkaConsumer, group: str) -> None:
        self._admin = admin
        self._asking = asking
        self._group = group
        self._places = [
            TopicPartition(topic, number)
            for topic in _TOPICS
            for number in sorted(asking.partitions_for_topic(topic) or ())
        ]

    def __call__(self) -> WorkerLoad:
        done = committed_offsets(self._admin, self._group)
        ends, starts = self._asking.end_offsets(self._places), self._asking.beginning_offsets(self._places)
        at = [max(done.get((tp.topic, tp.partition), 0), starts[tp]) for tp in self._places]
        return WorkerLoad(sum(ends[tp] for tp in self._places) - sum(at), sum(at))


@contextmanager
def watching_workers(settings: Settings) -> Iterator[LagProbe]:
    """A probe for the length of a block."""
    clients = KafkaClients(settings)
    with closing(clients.tool_admin()) as admin, closing(clients.tool_consumer()) as asking:
        yield LagProbe(admin, asking, settings.app_id)
