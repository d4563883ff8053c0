"""Whoever gives an option a wrong value, or lacks a setting, reads what would be right before any server is asked."""

import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.cli.permit import unfinished_message

NOWHERE = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "REDIS_URL": "redis://127.0.0.1:1/0"}
OF_A_LIBRARY = ("Value error", "Input should", "Traceback")
SECRET = "SECRET"


class Refusal(NamedTuple):
    code: int
    call: str
    said: str


def refusals() -> list[Refusal]:
    lines = Path(__file__).with_name("refusals.txt").read_text().splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [Refusal(int(code), call, said) for code, call, said in rows]


@pytest.mark.parametrize("one", refusals(), ids=lambda one: one.call)
def test_refused_command_names_the_cure_repeats_no_secret_and_asks_no_server(
    one: Refusal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call, _, given = one.call.replace("{tmp}", str(tmp_path)).replace("{long}", "x" * 257).partition(" < ")
    words, environment = shlex.split(call), NOWHERE | {"HARMONIA_HOME": str(tmp_path / "home")}
    while "=" in words[0]:
        name, _, environment[name] = words.pop(0).partition("=")
    ended = CliRunner().invoke(app, words, env=environment, input=given.strip('"').encode().decode("unicode_escape"))
    said = " ".join(ended.stderr.replace("│", " ").split())
    assert (ended.exit_code, ended.stdout) == (one.code, ""), said
    assert one.said.replace("{tmp}", str(tmp_path)) in said
    assert [word for word in (*OF_A_LIBRARY, SECRET) if word in said] == []
    assert "Tried 127.0.0.1:1" not in said
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("allowed", "counts"), [(1, "1 row had"), (2_000, "2,000 rows had")])
def test_list_that_was_not_judged_to_its_end_says_how_much_was_written(allowed: int, counts: str) -> None:
    said = unfinished_message("Redis was emptied.", allowed, 3_000)
    assert said.startswith(f"Redis was emptied. {counts} been written as allowed, of 3,000 judged: throw away")
