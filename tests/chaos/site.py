"""An empty deployment, and how to do harm to each part of it."""

import os
import signal
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import psutil
from kafka import KafkaAdminClient
from pydantic import SecretStr

from events.topics import ALL
from streams.demo.check import Letter
from streams.demo.deployment import Deployment, open_deployment
from streams.demo.script import Script
from streams.demo.workers import Workers
from streams.local import server
from streams.local.kafka import start_kafka
from streams.local.redis import start_redis
from streams.local.stack import Stack, say_nothing
from streams.platform.clients import KafkaClients
from streams.platform.settings import LOCAL_IDENTITY_KEY, Settings
from tests.chaos.load import Load
from tests.chaos.stores import wrong_stores
from tests.chaos.verdict import Truth, wrongs
from tests.chaos.workers import COMMAND, start_worker
from tests.integration.waiting import until

PARTITIONS = 4
SESSION_TIMEOUT_S = 6
EXIT_FENCED = 70
no_settings: Mapping[str, str] = {}


class StartWorker(Protocol):
    def __call__(
        self,
        name: str,
        settings: Mapping[str, str] = ...,
        *,
        program: str = ...,
        within: Sequence[str] = ...,
        processes: int = ...,
    ) -> Workers: ...


@dataclass(slots=True)
class Site:
    """Topics, clients and no worker yet. Workers are stopped at the end whatever happens."""

    folder: Path
    home: Path
    deployment: Deployment
    start: StartWorker
    workers: list[Workers]

    @property
    def kafka(self) -> Path:
        return self.home / "kafka"

    @property
    def redis(self) -> Path:
        return self.home / "redis"

    def start_broker(self) -> None:
        """On the ports that it had."""
        start_kafka(self.kafka, say_nothing)

    def start_redis(self) -> None:
        """On the port that it had."""
        start_redis(self.redis, say_nothing)

    def describe_topics(self) -> list[dict[str, Any]]:
        """Every topic, the broker's own included, as Kafka describes it."""
        admin: KafkaAdminClient = KafkaClients(self.deployment.settings).admin()
        try:
            return list(admin.describe_topics())
        finally:
            admin.close()

    def must_be_exact(self, load: Load, script: Script) -> None:
        """The verdict, on what the load has published. Ends the workers, to look at what they leave."""
        truth = script.profiles(self.deployment.identify)
        self.must_be_as_told(truth, load.letters())

    def must_be_as_told(self, truth: Truth, letters: set[Letter], erased: Collection[str] = ()) -> None:
        """The verdict, on a truth of one's own. Ends the workers, to look at what they leave."""
        found = wrongs(self.deployment, truth, letters, erased)
        self.stop_workers()
        found += wrong_stores(self.deployment, self.folder)
        assert not found, f"{len(found)} wrong, the first:\n" + "\n".join(found[:20])

    def stop_workers(self) -> None:
        """Those that still run must end well when they are told to."""
        running = [worker for worker in self.workers if worker.process.poll() is None]
        codes = [worker.stop() for worker in running]
        assert not any(codes), f"told to stop, workers ended with {codes}"


def kill(folder: Path, number: signal.Signals = signal.SIGKILL) -> None:
    """Signal the server of a folder and wait for its end. Raises `AssertionError` when none runs."""
    running = server.running_server(folder)
    assert running is not None, f"no server runs in {folder.name}"
    os.kill(running.pid, number)
    psutil.Process(running.pid).wait(timeout=60)


@contextmanager
def open_site(home: Path, stack: Stack, folder: Path, replication: int = 1, prefix: str = "") -> Iterator[Site]:
    """A site on servers that run, empty whatever was there before.

    `prefix`: of a deployment that leaves others alone, and has an identity key of its own.
    """
    settings = Settings(
        kafka_bootstrap=stack.kafka_bootstrap,
        redis_url=stack.redis_url,
        partitions=PARTITIONS,
        replication=replication,
        app_id=f"chaos-{uuid4().hex[:8]}",
        topic_prefix=prefix,
        identity_key=SecretStr(f"of {prefix} and no other" if prefix else LOCAL_IDENTITY_KEY),
    )
    _forget_everything(settings)
    with open_deployment(settings) as deployment, ExitStack() as started:
        if not prefix:
            deployment.redis.flushall()
        all_workers: list[Workers] = []
        common = {
            **stack.environment,
            "HARMONIA_APP_ID": settings.app_id,
            "HARMONIA_TOPIC_PREFIX": settings.topic_prefix,
            "HARMONIA_IDENTITY_KEY": settings.identity_key.get_secret_value(),
            "HARMONIA_PARTITIONS": str(settings.partitions),
            "HARMONIA_SESSION_TIMEOUT_S": str(SESSION_TIMEOUT_S),
        }

        def start(
            name: str,
            settings: Mapping[str, str] = no_settings,
            *,
            program: str = COMMAND,
            within: Sequence[str] = (),
            processes: int = 1,
        ) -> Workers:
            environment = {**common, "HARMONIA_STATE_DIR": str(folder / name), **settings}
            workers = start_worker(environment, folder / f"{name}.log", program, within, processes)
            started.callback(workers.stop, signal.SIGKILL)
            all_workers.append(workers)
            return workers

        yield Site(folder, home, deployment, start, all_workers)


def _forget_everything(settings: Settings) -> None:
    """Topics of another scenario; its group and its table had names of their own."""
    admin: KafkaAdminClient = KafkaClients(settings).admin()
    try:
        names = {topic.name for topic in ALL} & set(admin.list_topics())
        if names:
            admin.delete_topics(list(names))
            until(lambda: not names & set(admin.list_topics()), "the old topics gone")
    finally:
        admin.close()
