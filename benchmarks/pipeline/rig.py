"""A stack of its own for each measurement, with one worker process, so that no figure depends on the one before."""

import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from faust.types import TP

from benchmarks.pipeline.prefill import Pair, Records
from benchmarks.pipeline.sayings import Saying
from benchmarks.suites import BenchmarkFailed
from events.topics import INPUT_TOPICS
from sinks.keys import TOPICS, position_key
from streams.demo.deployment import Deployment, internal_topics_are_drained, open_deployment
from streams.demo.progress import Progress
from streams.demo.workers import COMMAND, Workers, start_workers
from streams.local.errors import LocalStackError
from streams.local.server import running_server
from streams.local.stack import Stack, local_stack
from streams.platform.settings import Settings

Seen = TypeVar("Seen")

LOOK_AGAIN_S = 0.05
QUIET_S = 1.5
"""Longer than the sink ever rests while there is work."""
PATIENCE_S = 120.0
_LAST_LINES = 40
PARTITIONS = 8
NO_SETTINGS: Mapping[str, str] = {}


class Stuck(BenchmarkFailed):
    """Nothing moved for a while though not everything is done."""


class WorkerEnded(BenchmarkFailed):
    """A worker that stopped by itself, with the end of what it said: its log goes with the rig."""


@dataclass(frozen=True, slots=True)
class Rig:
    """A running stack with its topics; `folder` is for what a worker leaves."""

    stack: Stack
    deployment: Deployment
    folder: Path

    @property
    def settings(self) -> Settings:
        """Of the worker, but for its state directory."""
        return self.deployment.settings

    @property
    def broker_pid(self) -> int:
        """The process of the Kafka broker."""
        server = running_server(self.folder / "stack" / "kafka")
        if server is None:
            raise BenchmarkFailed("the broker has ended")
        return server.pid

    @contextmanager
    def worker(
        self, program: str = COMMAND, environment: Mapping[str, str] = NO_SETTINGS, processes: int = 1
    ) -> Iterator[Workers]:
        """Worker processes at work for the length of a block, one unless told otherwise."""
        workers = self.start_worker(program, environment, processes)
        try:
            yield workers
        finally:
            workers.stop()

    def start_worker(
        self, program: str = COMMAND, environment: Mapping[str, str] = NO_SETTINGS, processes: int = 1
    ) -> Workers:
        """One worker at work, with the state directory that the last one had. The caller stops it.

        `program`: a module that is run in the place of the command; `environment`: what it is told besides.
        """
        common = {
            **self.stack.environment,
            "HARMONIA_STATE_DIR": str(self.folder / "state"),
            "HARMONIA_PARTITIONS": str(self.settings.partitions),
        }
        return start_workers({**common, **environment}, self.folder / "worker.log", processes, program=program)

    def records(self, sayings: Iterable[Saying]) -> Records:
        """These interactions spread over the input partitions, as producers without keys would."""
        spread: dict[TP, list[Pair]] = defaultdict(list)
        for number, one in enumerate(sayings):
            spread[TP(one.topic, number % self.settings.partitions)].append(Pair(None, one.value))
        return spread

    def until_all_in_redis(self, workers: Workers, read: Callable[[], Seen]) -> Seen:
        """Return, once everything sent is in Redis, what `read` said when the sink moved for the last time.

        Raises `Stuck` when nothing moves for two minutes, and `WorkerEnded`.
        """
        pause = threading.Event()
        place, moved, seen = self._in_redis(), time.monotonic(), read()
        while True:
            pause.wait(LOOK_AGAIN_S)
            now = self._in_redis()
            rested = time.monotonic() - moved
            if now != place:
                place, moved, seen = now, time.monotonic(), read()
            elif rested > QUIET_S and self._nothing_is_left():
                return seen
            elif rested > PATIENCE_S:
                raise Stuck(f"nothing has moved for {PATIENCE_S:.0f} s: {self._progress()}\n{_last_words(workers)}")
            must_run(workers)

    def _in_redis(self) -> int:
        """The sum of the sink's offsets: cheap enough to look twenty times a second."""
        with self.deployment.redis.pipeline(transaction=False) as calls:
            for number in range(self.settings.partitions):
                for topic in TOPICS:
                    calls.hget(position_key(number, topic), "offset")
            return sum(int(offset) for offset in calls.execute() if offset is not None)

    def _progress(self) -> Progress:
        return self.deployment.observer.progress()

    def _nothing_is_left(self) -> bool:
        """Offsets are not exact where transactions write: a marker at the end of a partition is nobody's to handle.

        So a record may count as a marker here; `flow` counts them afterwards.
        """
        progress, partitions = self._progress(), self.settings.partitions
        return (
            progress.received - progress.taken_in <= len(INPUT_TOPICS) * partitions
            and progress.folded >= progress.interactions
            and not progress.uncommitted
            and progress.changes - progress.in_sink <= 2 * partitions
            and internal_topics_are_drained(self.deployment)
        )


def must_run(workers: Workers) -> None:
    """Raise `WorkerEnded` if it has ended by itself."""
    try:
        workers.must_run()
    except LocalStackError as error:
        raise WorkerEnded(f"{error}\n{_last_words(workers)}") from error


def _last_words(workers: Workers) -> str:
    return "\n".join(workers.log.read_text(errors="replace").splitlines()[-_LAST_LINES:])


@contextmanager
def rig(home: Path, partitions: int = PARTITIONS) -> Iterator[Rig]:
    """A rig below `home` for the length of a block; nothing of it stays. Each topic has so many partitions."""
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as name:
        folder = Path(name)
        with local_stack(folder / "stack") as stack:
            settings = Settings(
                _env_file=None, kafka_bootstrap=stack.kafka_bootstrap, redis_url=stack.redis_url, partitions=partitions
            )
            with open_deployment(settings) as deployment:
                yield Rig(stack, deployment, folder)
