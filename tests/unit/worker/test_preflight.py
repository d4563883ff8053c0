"""What a worker says and does while no broker answers."""

import contextlib
import time

import pytest
from kafka.errors import CoordinatorNotAvailableError, KafkaConnectionError, KafkaError
from redis.exceptions import ConnectionError as RedisAway

from streams.platform.errors import MissingTopic, Unusable
from streams.platform.settings import Settings
from streams.worker import preflight
from streams.worker.preflight import wait_until_ready

SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1,127.0.0.1:2", start_wait_s=60)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that only passes in pauses."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds + 2))
    for check in ("require_topics", "require_key_of_other_workers"):
        monkeypatch.setattr(preflight, check, lambda _: None)


@pytest.fixture
def said() -> list[str]:
    return []


def answering(monkeypatch: pytest.MonkeyPatch, *answers: KafkaError | None) -> None:
    """The broker answers so, one attempt after the other, the last for ever."""
    left = list(answers)

    def ask(_: Settings, __: str) -> None:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer is not None:
            raise answer

    monkeypatch.setattr(preflight, "_ask_for_coordinator", ask)


def test_where_kafka_answers_nothing_is_said(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    answering(monkeypatch, None)
    wait_until_ready(SETTINGS, said.append)
    assert said == []


def test_what_is_waited_for_is_said_soon_and_now_and_then(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    away = [KafkaConnectionError()] * 3 + [CoordinatorNotAvailableError()] * 4
    answering(monkeypatch, *away, None)
    wait_until_ready(SETTINGS, said.append)
    where = "waiting for Kafka at 127.0.0.1:1,127.0.0.1:2"
    assert said == [
        f"{where}, 2 of 60 s: KafkaConnectionError",
        f"{where}, 12 of 60 s: CoordinatorNotAvailableError",
    ]


def test_waiting_for_kafka_ends_after_the_time_of_the_setting(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    answering(monkeypatch, KafkaConnectionError())
    with pytest.raises(KafkaConnectionError):
        wait_until_ready(SETTINGS, said.append)
    assert [line.split()[5] for line in said] == ["2", "12", "22", "32", "42", "52"]


@pytest.mark.parametrize(
    ("check", "error", "starts"),
    [
        ("require_topics", MissingTopic("there is no topic interactions"), False),
        ("require_key_of_other_workers", Unusable("HARMONIA_IDENTITY_KEY is another one"), False),
        ("require_key_of_other_workers", RedisAway(), True),
    ],
)
def test_a_worker_starts_without_redis_but_not_without_topics_or_with_another_key(
    monkeypatch: pytest.MonkeyPatch, check: str, error: Exception, starts: bool
) -> None:
    asked: list[Settings] = []

    def fails(settings: Settings) -> None:
        asked.append(settings)
        raise error

    answering(monkeypatch, None)
    monkeypatch.setattr(preflight, check, fails)
    with contextlib.nullcontext() if starts else pytest.raises(type(error)):
        wait_until_ready(SETTINGS, lambda _: None)
    assert asked == [SETTINGS]
