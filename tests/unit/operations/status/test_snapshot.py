"""Servers that are away are said to be, each by itself."""

from pathlib import Path

import pytest

from streams.domain.messages import CodedMessage, english, message
from streams.operations.status.snapshot import observe
from streams.platform import clients
from streams.platform.settings import Settings

NOWHERE = Settings(kafka_bootstrap="127.0.0.1:1", redis_url="redis://:secret@127.0.0.1:1/0")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "BOOTSTRAP_TIMEOUT_S", 0.1)


def test_a_server_that_is_away_is_named_with_its_setting_and_without_secrets(tmp_path: Path) -> None:
    seen = observe(NOWHERE.model_copy(update={"state_dir": tmp_path}), 0)

    assert isinstance(seen.kafka, CodedMessage)
    assert english(seen.kafka).startswith("Kafka: ")
    assert "KAFKA_BOOTSTRAP" in english(seen.kafka)
    assert isinstance(seen.redis, CodedMessage)
    assert english(seen.redis) == (
        "Redis: ConnectionError; is REDIS_URL right and the server up? (tried 127.0.0.1:1, as REDIS_URL says)"
    )
    assert 0 < (seen.disk_used or 0) < 1
    assert seen.sign_of_life_s is None


def test_the_status_names_a_policy_that_cannot_be_read(tmp_path: Path) -> None:
    missing = observe(NOWHERE.model_copy(update={"policy": tmp_path / "none.toml", "state_dir": tmp_path / "none"}), 0)
    (tmp_path / "policy.toml").write_text("nonsense = 1")
    broken = observe(NOWHERE.model_copy(update={"policy": tmp_path / "policy.toml"}), 0)

    assert missing.policy_mistake == message("status.policy_unreadable", error="No such file or directory")
    assert missing.disk_used is None
    assert broken.policy_mistake == message("status.policy_broken")
