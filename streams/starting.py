"""What a worker waits for before it starts: brokers that answer, and say who coordinates its group.

A cluster that has just been started has no coordinator yet, and a worker that asked at once would cry out each time.
"""

import time
from collections.abc import Callable

from kafka.errors import KafkaError

from streams.clients import KafkaClients
from streams.settings import Settings
from streams.topics import require_topics

ATTEMPT_S = 2.0
"""How long one attempt looks for a broker."""
PAUSE_S = 0.5
SAY_EVERY_S = 10.0


def wait_until_ready(settings: Settings, say: Callable[[str], None]) -> None:
    """Return once a worker of these settings can work.

    `say` is told what it waits for. Raises the last Kafka error when none answers within the setting's time; and
    `MissingTopic` or `PartitionsMismatch` at once, since waiting changes nothing about those.
    """
    patience = _Patience(settings, say)
    while True:
        try:
            _ask_for_coordinator(settings)
            break
        except KafkaError as error:
            if not patience.is_left():
                raise
            patience.say_why(error)
            time.sleep(PAUSE_S)
    require_topics(settings)


def _ask_for_coordinator(settings: Settings) -> None:
    admin = KafkaClients(settings).admin(ATTEMPT_S)
    try:
        admin.describe_groups([settings.app_id])
    finally:
        admin.close()


class _Patience:
    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._began = time.monotonic()
        self._said = -SAY_EVERY_S

    def is_left(self) -> bool:
        return self._waited() < self._settings.start_wait_s

    def say_why(self, error: KafkaError) -> None:
        waited = self._waited()
        if waited - self._said >= SAY_EVERY_S:
            self._said = waited
            where, most = ",".join(self._settings.kafka_brokers), self._settings.start_wait_s
            self._say(f"waiting for Kafka at {where}, {waited:.0f} of {most:.0f} s: {type(error).__name__}")

    def _waited(self) -> float:
        return time.monotonic() - self._began
