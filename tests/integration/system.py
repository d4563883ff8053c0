"""A stack with a worker on it, and the clients of an outsider."""

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from events.json_types import JSON
from events.registry import topic_of
from streams.demo.deployment import Deployment, open_deployment
from streams.demo.workers import Workers, start_workers
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients, tool_redis
from streams.platform.settings import Settings
from tests.integration.said import Event, event, structured
from tests.integration.waiting import until

PREFIX = "HARMONIA_TOPIC_PREFIX"


@dataclass(frozen=True, slots=True)
class System:
    """One worker process at work; `log` has all it says."""

    stack: Stack
    deployment: Deployment
    workers: Workers
    log: Path

    @property
    def settings(self) -> Settings:
        return self.deployment.settings

    @property
    def base(self) -> str:
        """The address of the worker's HTTP server."""
        return self.workers.addresses[0].removesuffix("/metrics")

    def say(self, type_: str, contact: dict[str, JSON] | None, *, time: JSON = None, **data: JSON) -> Event:
        """A valid event, which its topic has by then."""
        said = event(type_, contact, **data) | ({"time": time} if time else {})
        value, headers = structured(said)
        self.deployment.producer.send(topic_of(type_), value, headers=headers).get(30)
        return said

    def metric(self, name: str, **labels: str) -> float:
        """A sample of the worker's metrics."""
        return sample(self.workers.addresses[0], name, **labels)

    def profile(self, contact_id: str) -> dict[str, Any]:
        """What Redis holds of a contact; empty where it holds nothing."""
        return dict(json.loads(state_of(self, contact_id) or b"{}"))


@dataclass(frozen=True, slots=True)
class SharedStack(Stack):
    """Servers on which others are too; what is done by its environment is behind a prefix."""

    prefix: str

    @property
    def environment(self) -> dict[str, str]:
        return {"KAFKA_BOOTSTRAP": self.kafka_bootstrap, "REDIS_URL": self.redis_url, PREFIX: self.prefix}


@contextmanager
def shared_stack(servers: Stack, redis_url: str = "") -> Iterator[SharedStack]:
    """Room for a deployment that begins with nothing, for the length of a block; `redis_url`: of another Redis."""
    own = SharedStack(
        servers.kafka_bootstrap, redis_url or servers.redis_url, servers.pids, f"of-{secrets.token_hex(4)}."
    )
    yield own
    settings = settings_of(own)
    admin = KafkaClients(settings).admin()
    if names := admin.list_topics():
        admin.delete_topics(names)
    admin.close()
    redis = tool_redis(settings)
    for key in redis.scan_iter(match="*"):
        redis.delete(key)
    redis.close()


def settings_of(stack: Stack, **settings: Any) -> Settings:
    """The settings of a client of this stack."""
    prefix = stack.environment.get(PREFIX, "")
    return Settings(kafka_bootstrap=stack.kafka_bootstrap, redis_url=stack.redis_url, topic_prefix=prefix, **settings)


@contextmanager
def running_system(stack: Stack, folder: Path, **settings: str) -> Iterator[System]:
    """Topics, clients and one worker with these settings for the length of a block; the stack stays."""
    log = folder / "worker.log"
    with open_deployment(settings_of(stack)) as deployment:
        workers = start_workers(environment_of_worker(stack, folder, **settings), log)
        try:
            yield System(stack, deployment, workers, log)
        finally:
            workers.stop()


def environment_of_worker(stack: Stack, folder: Path, **settings: str) -> Mapping[str, str]:
    """What a worker with its own state directory in `folder` needs."""
    return {**stack.environment, "HARMONIA_STATE_DIR": str(folder / "state"), **settings}


def ask(url: str) -> tuple[int, str]:
    """Status and body of an HTTP answer."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def sample(metrics_url: str, name: str, **labels: str) -> float:
    """A sample of a worker's metrics, summed over the labels that are not given."""
    total = 0.0
    for family in text_string_to_metric_families(ask(metrics_url)[1]):
        for one in family.samples:
            if one.name == name and labels.items() <= one.labels.items():
                total += one.value
    return total


def until_in_redis(system: System, contact_id: str, what: str = "a profile in Redis") -> bytes:
    """The profile of a contact, once there is one."""

    def look() -> bytes | None:
        assert system.workers.process.poll() is None, f"the worker has ended; see {system.log}"
        return state_of(system, contact_id)

    return until(look, what)


def state_of(system: System, contact_id: str) -> bytes | None:
    """The profile of a contact as Redis holds it."""
    found = system.deployment.redis.hget(f"contact:{contact_id}", "state")
    assert found is None or isinstance(found, bytes)
    return found


def transactional_ids(kafka: KafkaClients) -> set[str]:
    """Every transactional id that a coordinator knows."""
    admin = kafka.admin()
    try:
        listed = admin.list_transactions()
    finally:
        admin.close()
    return {one.transactional_id for each in listed.values() for one in each}
