import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from streams.cli.main import app

WIDTH = 80


def ways(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from ways(inner, (*words, name))


ALL = dict(ways(get_command(app)))


def asked(*words: str) -> Result:
    return CliRunner().invoke(app, words, prog_name="harmonia", env={"COLUMNS": str(WIDTH)})


def names_in(command: Any) -> Iterator[str]:
    """What must be readable in one piece: options that are shown, choices, and what stands for a value."""
    for parameter in [each for each in command.params if not getattr(each, "hidden", False)]:
        yield from (option for option in parameter.opts if option.startswith("-"))
        yield from map(str, parameter.type_descriptor.choices or ())
        yield from (parameter.metavar or "").replace("|", " ").strip("[]<>").split()


@pytest.mark.parametrize("words", ALL, ids=lambda words: " ".join(words) or "(root)")
def test_help_names_no_python_type_and_breaks_no_name_at_80_columns(words: tuple[str, ...]) -> None:
    ended = asked(*words, "-h")

    assert ended.exit_code == 0
    assert " ".join(("Usage: harmonia", *words)) in " ".join(ended.output.split())
    assert "bool" not in ended.output
    assert not re.search(r"<(File|Path|file|dir|path|list|str|int|float)\w*\W", ended.output)
    assert max(map(len, ended.output.splitlines())) <= WIDTH
    assert [name for name in names_in(ALL[words]) if name not in ended.output] == []


def test_both_ways_to_ask_for_help_show_the_same() -> None:
    assert asked("permit", "-h").output == asked("permit", "--help").output


def test_the_version_is_told() -> None:
    assert asked("--version").output == f"harmonia {version('harmonia')}\n"
