"""The README is short, its commands exist, and its pictures are there; `test_paths.py` follows its links."""

import re
import subprocess
from pathlib import Path

import pytest
import typer

from streams.cli.main import app

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
COMMAND = re.compile(r"(?<![\w./])harmonia ([a-z][a-z-]*(?: [a-z][a-z-]*)?)")


def test_a_shell_gets_the_variables_of_a_file_with_comments_and_spaces(tmp_path: Path) -> None:
    [line] = re.findall(r"^(.*)\n(?=echo .*\n(?:.*\n)*?.*kcat)", README, re.MULTILINE)
    (tmp_path / ".env").write_text(
        "# it's ours\nHARMONIA_TEAM='one two'\n\nKAFKA_BOOTSTRAP=127.0.0.1:4711 # the local one\n"
    )
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{line}\nprintenv KAFKA_BOOTSTRAP HARMONIA_TEAM"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("127.0.0.1:4711\none two\n", "")


def test_every_picture_is_there() -> None:
    pictures = re.findall(r'src(?:set)?="([^"]+)"', README)
    assert [picture.rpartition("-")[2] for picture in pictures] == ["dark.png", "light.png"]
    assert [picture for picture in pictures if not (ROOT / picture).exists()] == []


def test_every_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)\b", README)) - {"and"} <= targets


@pytest.mark.parametrize("words", sorted(set(COMMAND.findall(README))))
def test_every_command_that_is_named_is_there(words: str) -> None:
    command = typer.main.get_command(app)
    for word in words.split():
        commands = getattr(command, "commands", None)
        if commands is None:  # what follows a command that has none below it is its argument
            return
        assert word in commands, f"harmonia {words}"
        command = commands[word]
