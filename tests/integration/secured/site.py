"""A whole Harmonia among servers that let nobody in: each part as the user that it is in `deploy/acl`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.demo.workers import Workers, start_workers
from tests.integration.api_process import TOKENS, Api, running_api
from tests.integration.command import Ended, ended_well, harmonia
from tests.integration.secured.broker import SecuredKafka, secured_kafka
from tests.integration.secured.redis import SecuredRedis, secured_redis
from tests.unit.platform.certificates import Authority

WORKER, API, TOPICS, OPERATOR = "harmonia-worker", "harmonia-api", "harmonia-topics", "harmonia-operator"
GATEWAY, BACKUP, CONSOLE = "harmonia-gateway", "harmonia-backup", "harmonia-console"
DELIVER, LAKE = "harmonia-deliver", "harmonia-lake"
KEY = "identity-key-of-the-test"
PROGRAMS = (WORKER, API, GATEWAY, TOPICS, OPERATOR, BACKUP, CONSOLE, DELIVER, LAKE)
KAFKA_USERS = (*PROGRAMS, "producer-email", "producer-donation", "reader")
SHARED = {"HARMONIA_PARTITIONS": "2", "HARMONIA_LOG_LEVEL": "DEBUG"}


@dataclass(frozen=True, slots=True)
class Site:
    """Servers, a worker and an API; `folder` has what they say."""

    folder: Path
    kafka: SecuredKafka
    redis: SecuredRedis
    worker: Workers
    api: Api

    def run(self, user: str, *words: str, given: bytes | None = None, **settings: str) -> Ended:
        """A command as this user of Kafka; to Redis it is the API's."""
        environment = {**environment_of(self.kafka, self.redis, user, API), **settings}
        return harmonia(self.folder, *words, environment=environment, given=given)

    def run_by_certificate(self, user: str, *words: str, given: bytes) -> Ended:
        """A command that shows Kafka a certificate, and Redis nothing."""
        environment = {**SHARED, "HARMONIA_IDENTITY_KEY": KEY, **self.kafka.by_certificate(user)}
        return harmonia(self.folder, *words, environment=environment, given=given)

    @property
    def metrics(self) -> list[str]:
        """Where the metrics of the worker and of the API are."""
        return [*self.worker.addresses, self.api.metrics]

    @property
    def secrets(self) -> list[str]:
        """All that may be said nowhere."""
        return [KEY, *self.kafka.passwords.values(), *self.redis.passwords.values()]


def environment_of(kafka: SecuredKafka, redis: SecuredRedis, user: str, redis_user: str) -> dict[str, str]:
    """All settings of one part, which shows Kafka its password."""
    key = {"HARMONIA_IDENTITY_KEY": KEY}
    return {**SHARED, **key, **kafka.by_password(user), **redis.by_password(redis_user)}


@contextmanager
def secured_site(folder: Path) -> Iterator[Site]:
    """For the length of a block. The worker has its secrets from files; the API shows Kafka a certificate."""
    authority = Authority(folder)
    kafka_passwords = {user: f"password-of-{user}-at-kafka" for user in KAFKA_USERS}
    redis_passwords = {user: f"password-of-{user}-at-redis" for user in (WORKER, API, CONSOLE)}
    with (
        secured_redis(folder / "redis", authority, redis_passwords) as redis,
        secured_kafka(folder / "kafka", authority, kafka_passwords) as kafka,
    ):
        ended_well(harmonia(folder, "topics", "create", environment=environment_of(kafka, redis, TOPICS, API)))
        from_files = secrets_in_files(folder, environment_of(kafka, redis, WORKER, WORKER))
        state = {"HARMONIA_STATE_DIR": str(folder / "state")}
        worker = start_workers({**from_files, **state}, folder / "worker.log")
        by_certificate = {**SHARED, **TOKENS, **kafka.by_certificate(API), **redis.by_password(API)}
        try:
            with running_api(folder, {**by_certificate, "HARMONIA_IDENTITY_KEY": KEY}) as api:
                yield Site(folder, kafka, redis, worker, api)
        finally:
            worker.stop()


def secrets_in_files(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The same settings, with every secret in a file of its own."""
    moved = dict(environment)
    for name in ("HARMONIA_IDENTITY_KEY", "HARMONIA_KAFKA_PASSWORD", "HARMONIA_REDIS_PASSWORD"):
        file = folder / name.lower()
        file.write_text(moved.pop(name) + "\n")
        moved[f"{name}_FILE"] = str(file)
    return moved
