from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.platform import reachable_broker
from streams.platform.settings import Settings
from streams.platform.tried_address import kafka_address_tried, redis_address_tried


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_default_address_is_told_as_one_that_nothing_sets(tmp_path: Path) -> None:
    assert kafka_address_tried(Settings()) == (
        f"tried 127.0.0.1:9092, the default: KAFKA_BOOTSTRAP is not set, and there is no .env in {tmp_path}"
    )
    (tmp_path / ".env").write_text("REDIS_URL=redis://127.0.0.1:7000/0\n")
    assert kafka_address_tried(Settings()) == (
        "tried 127.0.0.1:9092, the default: KAFKA_BOOTSTRAP is not set, in .env neither"
    )


def test_an_address_is_told_with_what_names_it_and_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("REDIS_URL=redis://user:s3cret@127.0.0.1:7000/0\n")
    assert redis_address_tried(Settings()) == "tried 127.0.0.1:7000, as REDIS_URL says (in the file .env)"
    monkeypatch.setenv("REDIS_URL", "unix:///run/redis.sock")
    assert redis_address_tried(Settings()) == "tried /run/redis.sock, as REDIS_URL says"


def test_taking_down_what_is_not_here_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    down = CliRunner().invoke(app, ["local", "down"])

    assert down.exit_code == 0
    assert f"there is no {tmp_path / '.harmonia'}, and there is no .env in {tmp_path}" in down.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("permit", "check", "ada@example.org", "--channel", "email"),
        ("permit", "--channel", "email", "--purpose", "fundraising"),
        ("experiments", "list"),
        ("contact", "show", "ada@example.org"),
        ("contact", "suppress", "ada@example.org"),
        ("reservations", "list", "ada@example.org"),
    ],
)
def test_every_command_that_finds_no_redis_says_where_it_looked(
    tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")

    ended = CliRunner().invoke(app, [*command], input="email\nada@example.org\n")

    assert ended.exit_code == 1
    assert "is REDIS_URL right and the server up? Tried 127.0.0.1:1, as REDIS_URL says" in ended.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("alerts", "list"),
        ("assign", "subject-gotv-3"),
        ("backup", "kept"),
        ("campaigns", "list"),
        ("dead-letters", "group"),
        ("dead-letters", "list"),
        ("dead-letters", "release", "--list"),
        ("dead-letters", "requeue", "--all"),
        ("experiments", "definitions"),
        ("experiments", "withdraw", "subject-gotv-3"),
        ("hold", "--campaign", "gotv-3"),
        ("hold", "--list"),
        ("insights", "net"),
        ("report", "daily"),
        ("topics", "create"),
        ("topics", "describe"),
    ],
)
def test_every_command_that_finds_no_kafka_says_where_it_looked_and_blames_nothing_else(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setattr(reachable_broker, "REACHED_WITHIN_S", 0.0)

    ended = CliRunner().invoke(app, [*command], input="email\nada@example.org\n")

    assert ended.exit_code == 1
    assert ended.stderr == (
        "Kafka: ConnectionRefusedError; is KAFKA_BOOTSTRAP right and the broker up? Tried 127.0.0.1:1, as "
        "KAFKA_BOOTSTRAP says\n"
    )
