"""A wrong setting fails at once and names its variable, whichever it is; and never shows its value."""

import socket
from pathlib import Path

import pytest
import typer
from pydantic import ValidationError

from streams.cli.failures import WRONG_USE, load_settings
from streams.platform.errors import Unusable
from streams.platform.settings import Settings, env_file_note, variable_of
from streams.platform.tokens import read_tokens
from streams.worker.preflight import require_usable

BAD = "S3CRET VALUE/?"
SEEN_IN_USE = {"api_tokens", "redis_password"}
"""Workers do not look at the one; only Redis knows whether the other is right."""
SAID = {"controller", "dpo"}
"""Texts that a report prints; nothing at all is a blank in it, and too much is refused."""
FIELDS = sorted(Settings.model_fields.keys() - SEEN_IN_USE)


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable_of(field), raising=False)
    monkeypatch.chdir(tmp_path)


def wrong_value(field: str) -> str:
    """A value that the setting must not have: nothing at all where it is free text or a path."""
    if field == "identity_key":
        return " , "
    if field in SAID:
        return "x" * 401
    try:
        Settings.model_validate({field: BAD})
    except ValidationError:
        return BAD
    return ""


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(typer.Exit) as ended:
        load_settings()
    assert ended.value.exit_code == WRONG_USE
    return capsys.readouterr().err


@pytest.mark.parametrize("field", FIELDS)
def test_a_wrong_value_is_refused_by_its_name_in_the_environment_and_in_the_env_file(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_text(f"{variable_of(field)}='{wrong_value(field)}'\n")
    of_file = refusal(capsys)
    (tmp_path / ".env").unlink()
    monkeypatch.setenv(variable_of(field), wrong_value(field))
    said = refusal(capsys)
    assert said.startswith(variable_of(field))
    assert variable_of(field) in of_file
    assert BAD not in said + of_file


def unusable(**settings: object) -> str:
    with pytest.raises(Unusable) as raised:
        require_usable(Settings.model_validate(settings), 2)
    return str(raised.value)


def test_what_only_its_use_shows_to_be_wrong_is_looked_at_before_anything_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("nonsense = 1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = [
            unusable(policy=tmp_path / "none"),
            unusable(policy=tmp_path / "broken.toml"),
            unusable(metrics_port=port),
            unusable(metrics_port=port - 1),
            unusable(metrics_port=65535),
            unusable(metrics_host="no.such.host.invalid"),
        ]
    with pytest.raises(Unusable) as raised:
        read_tokens(BAD)
    variables = ["HARMONIA_POLICY"] * 2 + ["HARMONIA_METRICS_PORT"] * 4 + ["HARMONIA_API_TOKENS"]
    assert [one.split()[0].rstrip(":") for one in (*said, str(raised.value))] == variables


def test_the_env_file_is_named_only_where_its_value_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert env_file_note("KAFKA_BOOTSTRAP") == ""
    (tmp_path / ".env").write_text("KAFKA_BOOTSTRAP=127.0.0.1:1\n")
    assert env_file_note("KAFKA_BOOTSTRAP") == " (in the file .env)"
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:2")
    assert env_file_note("KAFKA_BOOTSTRAP") == ""
