"""Checks before a worker starts: settings must be usable, else it ends at once; and brokers must answer, it waits.

They have to say who coordinates the group: a cluster that has just been started does not know yet, and a worker that
asked at once would log an error each time.
"""

import socket
import time
from collections.abc import Callable
from contextlib import suppress

from kafka.errors import CoordinatorLoadInProgressError, KafkaError
from redis.exceptions import RedisError

from streams.platform.clients import KafkaClients
from streams.platform.errors import Unusable, WrongSetting
from streams.platform.identity_key import require_key_of_other_workers
from streams.platform.policy_file import policy_of
from streams.platform.settings import Settings
from streams.platform.topics import require_topics

ATTEMPT_S = 2.0
"""How long one attempt looks for a broker."""
PAUSE_S = 0.5
SAY_AFTER_S, SAY_EVERY_S = 2.0, 10.0
"""Of what is over sooner nothing need be said."""


_CANNOT_LISTEN = "HARMONIA_METRICS_PORT and _HOST cannot be listened on"


def require_usable(settings: Settings, processes: int = 1) -> None:
    """Raise `Unusable` that names the setting where so many workers could not start, however long they tried."""
    policy_of(settings.policy, settings.regime)
    for index in range(processes if settings.metrics_port else 1):
        _require_port(settings.metrics_host, settings.metrics_port and settings.metrics_port + index)


def _require_port(host: str, port: int) -> None:
    """Raise `Unusable` where a port cannot be listened on: Faust would show a traceback."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise Unusable(f"{_CANNOT_LISTEN}, {port}: {error.strerror}") from error
    except OverflowError as error:
        raise WrongSetting(f"{_CANNOT_LISTEN}, {port}: no port is above 65535") from error


def wait_until_ready(settings: Settings, say: Callable[[str], None]) -> None:
    """Return once a worker of these settings can work.

    As `wait_for_kafka`; and raises `MissingTopic`, `PartitionsMismatch` or, for another identity key than the other
    workers have, `Unusable` at once, since waiting changes nothing about those.
    """
    wait_for_kafka(settings, settings.app_id, say)
    require_topics(settings)
    with suppress(RedisError):  # a worker works while Redis is away
        require_key_of_other_workers(settings)


def wait_for_kafka(settings: Settings, group: str, say: Callable[[str], None]) -> None:
    """Return once brokers say who coordinates a group.

    `say` is told what it waits for. Raises the last Kafka error when none answers within the setting's time.
    """
    patience = _Patience(settings, say)
    while True:
        try:
            _ask_for_coordinator(settings, group)
            return
        except KafkaError as error:
            if not patience.is_left():
                raise
            patience.say_why(error)
            time.sleep(PAUSE_S)


def _ask_for_coordinator(settings: Settings, group: str) -> None:
    admin = KafkaClients(settings).admin(ATTEMPT_S)
    try:
        found = admin.describe_groups([group])[group]
    finally:
        admin.close()
    if "CoordinatorLoadInProgress" in (found["error"] or ""):
        raise CoordinatorLoadInProgressError


class _Patience:
    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._began = time.monotonic()
        self._say_at = SAY_AFTER_S

    def is_left(self) -> bool:
        return self._waited() < self._settings.start_wait_s

    def say_why(self, error: KafkaError) -> None:
        waited = self._waited()
        if waited >= self._say_at:
            self._say_at = waited + SAY_EVERY_S
            where, most = ",".join(self._settings.kafka_brokers), self._settings.start_wait_s
            self._say(f"waiting for Kafka at {where}, {waited:.0f} of {most:.0f} s: {type(error).__name__}")

    def _waited(self) -> float:
        return time.monotonic() - self._began
