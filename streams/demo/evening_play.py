"""Plays the evening: publishes each record when its time comes, an hour of the evening in so many seconds."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from kafka import KafkaProducer

from events.outputs import SystemAlert
from events.topics import QUARANTINE
from streams.demo.deployment import Deployment
from streams.demo.evening import BROKEN, Evening
from streams.demo.evening_watch import Watch, watching
from streams.demo.progress import Progress
from streams.demo.publishing import wait_until_in_redis
from streams.demo.source_system import HOUR
from streams.demo.truth import Publication
from streams.demo.workers import COMMAND, Workers
from streams.local.errors import LocalStackError

LOOK_S = 0.25
QUARANTINE_S = 90.0
"""How long to wait for the quarantine after the last record: it is declared when the minute before was looked into."""
_HELD_BAD_ONES = 1
"""Exit code of a release that left something: what is bad stays held."""


class Teller(Protocol):
    """Shows the evening to a person; times are of the evening, ms since 1970."""

    def say(self, at: int, words: str) -> None:
        """Something happened."""

    def move(self, at: int, published: int) -> None:
        """It is so late, and so many records were published."""

    def wait(self, what: str, far: str) -> None:
        """It is over, and this is waited for; it is so far."""


@dataclass(frozen=True, slots=True)
class PlayedEvening:
    """What came of an evening: system alerts, and how many held records were released.

    `is_at_once`: nobody waited for the evening's clock, so workers may have read all of a source before they looked.
    """

    alerts: tuple[SystemAlert, ...]
    released: int
    is_at_once: bool


class Pace:
    """The clock of the evening: `hour_s` seconds for an hour; 0: it is over at once."""

    def __init__(self, evening: Evening, hour_s: float) -> None:
        self._evening = evening
        self._hour_s = hour_s
        self._began = time.monotonic()

    def now(self) -> int:
        """The time of the evening, ms since 1970, up to its end."""
        if not self._hour_s:
            return self._evening.ends
        passed = (time.monotonic() - self._began) * HOUR / self._hour_s
        return min(self._evening.ends, self._evening.starts + round(passed))

    def wait_until(self, at: int) -> None:
        """Wait for a time of the evening, but not longer than until the next look at what Harmonia says."""
        left = (at - self.now()) * self._hour_s / HOUR
        if left > 0:
            time.sleep(min(LOOK_S, left))  # it is the clock that is waited for; Ctrl-C ends it


class _Publisher:
    """Sends records, and raises what Kafka refused."""

    def __init__(self, producer: KafkaProducer) -> None:
        self._producer = producer
        self._open: list[Any] = []
        self.sent = 0

    def send(self, one: Publication) -> None:
        self._open.append(self._producer.send(one.topic, key=one.key, value=one.value, headers=list(one.headers)))
        self.sent += 1

    def check(self) -> None:
        """Look at those that were answered."""
        for future in self._open:
            if future.is_done:
                future.get(0)
        self._open = [future for future in self._open if not future.is_done]

    def finish(self) -> None:
        """Wait until all are answered."""
        self._producer.flush()
        for future in self._open:
            future.get()


class _Operator:
    """Somebody who releases what is held of the source that broke, with the command that operators have."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**os.environ, **environment}
        self._running: subprocess.Popen[bytes] | None = None
        self.released = 0

    def start(self) -> None:
        command = [sys.executable, "-m", COMMAND, "dead-letters", "release", BROKEN, "--json"]
        self._running = subprocess.Popen(  # nosec B603 # words of ours, no shell
            command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def finish(self) -> None:
        """Wait for the release that runs, if one does. Raises `LocalStackError` when it fails."""
        if self._running is None:
            return
        said, failure = self._running.communicate()
        code, self._running = self._running.returncode, None
        if code not in (0, _HELD_BAD_ONES):
            raise LocalStackError(
                f"dead-letters release ended with exit code {code}: {failure.decode(errors='replace')}"
            )
        self.released += sum(each["count"] for each in json.loads(said)["sent"])

    def stop(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.wait()


def play_evening(
    deployment: Deployment, evening: Evening, hour_s: float, workers: Workers, teller: Teller
) -> PlayedEvening:
    """Publish the evening at its pace, release what was held, and wait until all of it is in Redis.

    `hour_s`: seconds that an hour takes, 0: none. Raises `LocalStackError` when the workers end, and `PipelineStuck`.
    """
    servers = {"KAFKA_BOOTSTRAP": deployment.settings.kafka_bootstrap, "REDIS_URL": deployment.settings.redis_url}
    with ExitStack() as open_:
        watch = open_.enter_context(watching(deployment))
        operator = _Operator(servers)
        open_.callback(operator.stop)
        play = _Play(evening, watch, operator, workers, teller)
        play.publish(deployment.producer, Pace(evening, hour_s))
        wait_until_in_redis(deployment, play.show)
        if hour_s or any(deployment.observer.ends([QUARANTINE]).values()):
            play.release_the_rest()
            wait_until_in_redis(deployment, play.show)
        return PlayedEvening(tuple(watch.alerts), operator.released, is_at_once=not hour_s)


@dataclass(slots=True)
class _Play:
    """One evening while it is played."""

    evening: Evening
    watch: Watch
    operator: _Operator
    workers: Workers
    teller: Teller
    is_released: bool = False

    def publish(self, producer: KafkaProducer, pace: Pace) -> None:
        """Send each record when its time has come."""
        publisher = _Publisher(producer)
        acts, coming = list(self.evening.acts), iter(self.evening.arrivals)
        one = next(coming, None)
        while one is not None or acts:
            now = pace.now()
            while acts and acts[0].at <= now:
                self.teller.say(*acts.pop(0))
            while one is not None and one.at <= now:
                publisher.send(one.publication)
                one = next(coming, None)
            publisher.check()
            if now >= self.evening.released and self.watch.quarantined():
                self._release(now)
            self.look(now)
            self.teller.move(now, publisher.sent)
            pace.wait_until(min([each.at for each in (one, *acts[:1]) if each is not None], default=now))
        publisher.finish()

    def show(self, seen: Progress) -> None:
        """Tell what is waited for, and what Harmonia has said."""
        self.look(self.evening.ends)
        done, changes = seen.folded + min(seen.in_sink, seen.changes), seen.interactions + seen.changes
        self.teller.wait("Waiting until the evening is in Redis", f"{done / max(1, changes):.0%}")

    def look(self, now: int) -> None:
        """Tell what Harmonia has said since the last look."""
        self.workers.must_run()
        for words in self.watch.look():
            self.teller.say(now, words)

    def _release(self, now: int) -> None:
        if not self.is_released:
            self.is_released = True
            self.teller.say(now, f"an operator calls harmonia dead-letters release {BROKEN}")
            self.operator.start()

    def release_the_rest(self) -> None:
        """Wait for the quarantine where it was not declared yet, and release what is still held."""
        given_up = time.monotonic() + QUARANTINE_S
        while not self.watch.quarantined() and time.monotonic() < given_up:
            self.look(self.evening.ends)
            self.teller.wait(f"Waiting until {BROKEN} is in quarantine", "workers look at a minute once it has passed")
            time.sleep(LOOK_S)  # nobody is told of it; the topic is asked
        self._release(self.evening.ends)
        self.teller.wait(f"Releasing what is held of {BROKEN}", "")
        self.operator.finish()  # of what came while that one ran, some is held still
        self.operator.start()
        self.operator.finish()
        held = f"{self.operator.released:,} good records of {BROKEN} were held, and count now"
        self.teller.say(self.evening.ends, held if self.operator.released else f"no good record of {BROKEN} was held")
