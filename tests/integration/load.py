"""A demo's script under way: records keep coming, at the pace of the broker's answers, while something goes wrong."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streams.demo.deployment import Deployment
from streams.demo.playing import wait_until_in_redis
from streams.demo.progress import Progress
from streams.demo.publishing import publish, publish_refused
from streams.demo.script import Script
from tests.integration.waiting import until

SLICE = 8
"""Records on their way at once while the load is steady: some 1,000 a second."""
RESERVE = 4000
"""Records that are kept back until the rush at the end."""


class Load:
    """Publishes a script in a thread of its own."""

    def __init__(self, deployment: Deployment, script: Script) -> None:
        self._deployment = deployment
        self._script = script
        self._rush = threading.Event()
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._publish)

    def start(self) -> None:
        publish_refused(self._deployment.producer, self._script.refused_rows, 0)
        self._thread.start()

    def rush(self) -> None:
        """Publish what is left at once."""
        self._rush.set()

    def until_folded(self, records: int) -> None:
        """Return once so many interactions are in profiles. Raises `AssertionError` unless more are to come."""
        seen = until(lambda: self._progress_from(records), f"{records} interactions folded")
        assert seen.folded < len(self._script.accepted()), "the load is over already: the test would show nothing"

    def finish(self) -> None:
        """Publish what is left at once, and return when all of it is in Redis."""
        self.rush()
        self._thread.join()
        wait_until_in_redis(self._deployment, lambda _: None)

    def stop(self) -> None:
        """Publish no more."""
        self._gone.set()
        self._rush.set()
        self._thread.join()

    def _progress_from(self, records: int) -> Progress | None:
        progress = self._deployment.observer.progress()
        return progress if progress.folded >= records else None

    def _publish(self) -> None:
        rest = self._script.publications
        while rest:
            if len(rest) <= RESERVE:
                self._rush.wait()
            if self._gone.is_set():
                return
            step = len(rest) if self._rush.is_set() else SLICE
            publish(self._deployment.producer, rest[:step], lambda: None)
            rest = rest[step:]


@contextmanager
def load(deployment: Deployment, script: Script) -> Iterator[Load]:
    """A load for the length of a block, started."""
    running = Load(deployment, script)
    running.start()
    try:
        yield running
    finally:
        running.stop()
