"""What a worker says and does while no broker answers."""

import time

import pytest
from kafka.errors import CoordinatorNotAvailableError, KafkaConnectionError, KafkaError
from redis.exceptions import ConnectionError as RedisAway

from streams.platform.errors import MissingTopic, Unusable
from streams.platform.settings import Settings
from streams.worker import preflight
from streams.worker.preflight import wait_until_ready

SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1,127.0.0.1:2", start_wait_s=60)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that only passes in pauses."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds + 2))
    monkeypatch.setattr(preflight, "require_topics", lambda _: None)
    monkeypatch.setattr(preflight, "require_key_of_other_workers", lambda _: None)


def answering(monkeypatch: pytest.MonkeyPatch, *answers: KafkaError | None) -> list[KafkaError | None]:
    """The broker answers so, one attempt after the other, the last for ever."""
    left = list(answers)

    def ask(_: Settings, __: str) -> None:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer is not None:
            raise answer

    monkeypatch.setattr(preflight, "_ask_for_coordinator", ask)
    return left


@pytest.mark.usefixtures("clock")
def test_where_kafka_answers_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    answering(monkeypatch, None)
    wait_until_ready(SETTINGS, said.append)
    assert said == []


@pytest.mark.usefixtures("clock")
def test_what_is_waited_for_is_said_soon_and_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    away = [KafkaConnectionError()] * 3 + [CoordinatorNotAvailableError()] * 4
    answering(monkeypatch, *away, None)
    wait_until_ready(SETTINGS, said.append)
    where = "waiting for Kafka at 127.0.0.1:1,127.0.0.1:2"
    assert said == [
        f"{where}, 2 of 60 s: KafkaConnectionError",
        f"{where}, 12 of 60 s: CoordinatorNotAvailableError",
    ]


@pytest.mark.usefixtures("clock")
def test_waiting_for_kafka_ends_after_the_time_of_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    answering(monkeypatch, KafkaConnectionError())
    with pytest.raises(KafkaConnectionError):
        wait_until_ready(SETTINGS, said.append)
    assert [line.split()[5] for line in said] == ["2", "12", "22", "32", "42", "52"]


@pytest.mark.usefixtures("clock")
def test_a_topic_that_is_missing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Settings) -> None:
        raise MissingTopic("there is no topic interactions")

    answering(monkeypatch, None)
    monkeypatch.setattr(preflight, "require_topics", missing)
    with pytest.raises(MissingTopic):
        wait_until_ready(SETTINGS, lambda _: None)


@pytest.mark.usefixtures("clock")
def test_another_identity_key_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def another_key(_: Settings) -> None:
        raise Unusable("HARMONIA_IDENTITY_KEY is another one")

    answering(monkeypatch, None)
    monkeypatch.setattr(preflight, "require_key_of_other_workers", another_key)
    with pytest.raises(Unusable):
        wait_until_ready(SETTINGS, lambda _: None)


@pytest.mark.usefixtures("clock")
def test_a_worker_starts_while_redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Settings] = []

    def away(settings: Settings) -> None:
        asked.append(settings)
        raise RedisAway

    answering(monkeypatch, None)
    monkeypatch.setattr(preflight, "require_key_of_other_workers", away)
    wait_until_ready(SETTINGS, lambda _: None)
    assert asked == [SETTINGS]
