"""A script under way: records keep coming, some hundred a second, while something goes wrong.

It remembers where the broker put each bad record, because that place has to be named in `dead-letters`.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from kafka.errors import KafkaError

from events.topics import INPUT_TOPICS, INTERACTIONS
from streams.demo.check import Letter
from streams.demo.deployment import Deployment
from streams.demo.progress import Observer
from streams.demo.publishing import wait_until_in_redis
from streams.demo.script import Script
from streams.demo.truth import Publication
from streams.demo.workers import Workers
from streams.platform.clients import KafkaClients
from tests.integration.waiting import PATIENCE_S, Seen, until

SLICE = 6
"""Records on their way at once while the load is steady, unless it is said otherwise."""
PAUSE_S = 0.04
"""Between two slices."""
AHEAD = 500
"""Records that may wait to be folded: or a load would be over before a slow machine has started another worker."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that a broker has acknowledged, and its place."""

    publication: Publication
    topic: str
    partition: int
    offset: int


class Load:
    """Publishes a script in a thread of its own."""

    def __init__(self, deployment: Deployment, script: Script, at_once: int = SLICE) -> None:
        self._deployment = deployment
        self._script = script
        self._at_once = at_once
        self._observer: Observer | None = None
        self._steady = threading.Event()
        self._rush = threading.Event()
        self._gone = threading.Event()
        self._failure: BaseException | None = None
        self._folded = 0
        self._thread = threading.Thread(target=self._run)
        self.kept: list[Kept] = []

    @property
    def count(self) -> int:
        """Records that were acknowledged."""
        return len(self.kept)

    @property
    def folded(self) -> int:
        """Interactions that were in profiles when somebody last looked: see `until`."""
        return self._folded

    def start(self) -> None:
        self._steady.set()
        self._thread.start()

    def pause(self) -> None:
        """Let no more records come for now."""
        self._steady.clear()

    def go_on(self) -> None:
        """Let them come again."""
        self._steady.set()

    def rush(self) -> None:
        """Publish what is left at once."""
        self._rush.set()
        self._steady.set()

    def until_folded(self, records: int) -> None:
        """Return once so many more interactions are in profiles, while still more are to come.

        A broker that is only just back is asked until it answers.
        """
        before = until(self._folded_if_known, "an answer about what is folded")[0]
        until(lambda: self._has_folded(before + records), f"{records} more interactions folded")
        self.must_be_under_way()

    def _has_folded(self, wanted: int) -> bool:
        found = self._folded_if_known()
        return found is not None and found[0] >= wanted

    def _folded_if_known(self) -> tuple[int] | None:
        """Interactions that the group has committed as folded."""
        try:
            committed = self._observe().committed()
        except KafkaError:  # it may hold on to a broker that is dead, so a new one is asked
            self._look_away()
            return None
        self._folded = sum(offset for tp, offset in committed.items() if tp.topic == INTERACTIONS)
        return (self._folded,)

    def until(self, look: Callable[[], Seen | None], what: str) -> Seen:
        """As `until`, while records keep coming as others are folded."""

        def look_at_both() -> Seen | None:
            self._folded_if_known()
            return look()

        return until(look_at_both, what)

    def until_dead(self, workers: Workers, what: str) -> int:
        """The exit code of workers that end by themselves, while more records are still to come."""
        code = self.until(lambda: None if (ended := workers.process.poll()) is None else (ended,), what)[0]
        self.must_be_under_way()
        return code

    def _observe(self) -> Observer:
        settings = self._deployment.settings
        self._observer = self._observer or Observer(KafkaClients(settings), self._deployment.redis, settings.app_id)
        return self._observer

    def _look_away(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.close()

    def must_be_under_way(self) -> None:
        """Raise `AssertionError` when a fault now would hit nobody at work."""
        assert self._failure is None, f"publishing failed: {self._failure!r}"
        left = len(self._script.publications) - len(self.kept)
        assert left > 0, "the load is over already: the test would show nothing"

    def publish_the_rest(self) -> None:
        """Publish what is left at once."""
        self.rush()
        self._thread.join()
        assert self._failure is None, f"publishing failed: {self._failure!r}"
        self._look_away()  # and look anew at the brokers that are there now
        self._must_be_there_once()

    def finish(self) -> None:
        """The same, and return when all of it is in Redis; for contacts none of whom is merged into another."""
        self.publish_the_rest()
        wait_until_in_redis(replace(self._deployment, observer=self._observe()), lambda _: None)

    def stop(self) -> None:
        """Publish no more."""
        self._gone.set()
        self.rush()
        self._thread.join()
        self._look_away()

    def letters(self) -> set[Letter]:
        """What must be in `dead-letters`: the bad records, with the places that the broker gave them."""
        bad = [one for one in self.kept if one.publication.reason is not None]
        return {
            Letter(str(one.publication.reason), one.topic, one.partition, one.offset, one.publication.value)
            for one in bad
        }

    def _must_be_there_once(self) -> None:
        """Or what follows would look like the worker's mistake."""
        there = sum(self._observe().ends([topic.name for topic in INPUT_TOPICS]).values())
        assert there == len(self._script.publications), "the broker holds other records than were published"

    def _run(self) -> None:
        try:
            self._publish(self._script.publications)
        except BaseException as failure:  # noqa: BLE001 - told to the test, which looks for it
            self._failure = failure

    def _publish(self, rest: Sequence[Publication]) -> None:
        while rest:
            self._wait_for_turn()
            if self._gone.is_set():
                return
            step = len(rest) if self._rush.is_set() else self._at_once
            self._send(rest[:step])
            rest = rest[step:]

    def _wait_for_turn(self) -> None:
        self._steady.wait()
        self._rush.wait(PAUSE_S)
        while len(self.kept) - self._folded > AHEAD and not self._rush.is_set():
            self._rush.wait(PAUSE_S)

    def _send(self, publications: Sequence[Publication]) -> None:
        producer = self._deployment.producer
        sent = [
            (one, producer.send(one.topic, key=one.key, value=one.value, headers=list(one.headers)))
            for one in publications
        ]
        for one, future in sent:
            kept = future.get(PATIENCE_S)
            self.kept.append(Kept(one, kept.topic, kept.partition, kept.offset))


@contextmanager
def load(deployment: Deployment, script: Script, at_once: int = SLICE) -> Iterator[Load]:
    """A load for the length of a block, started; `at_once`: records in each slice."""
    running = Load(deployment, script, at_once)
    running.start()
    try:
        yield running
    finally:
        running.stop()
