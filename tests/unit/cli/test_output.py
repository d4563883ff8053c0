"""What a command says moves no cursor and rings no bell, whoever chose the names in it."""

import ast
from pathlib import Path

import pytest
import typer

from streams.cli import output
from streams.cli.failures import refuse
from streams.cli.output import print_lines, say
from streams.cli.permit_check import team_remark
from streams.services.permission.near_names import campaign_remark

COMMANDS = sorted(Path(output.__file__).parent.glob("*.py"))
EVIL = "two\nlines \x1b]0;owned\x07\u202e"
SEEN = "two\nlines ?]0;owned??\n"


@pytest.mark.parametrize("err", [False, True])
def test_each_line_is_said_without_what_a_terminal_obeys(err: bool, capsys: pytest.CaptureFixture[str]) -> None:
    say(EVIL, err=err)
    said = capsys.readouterr()
    assert (said.out, said.err) == (("", SEEN) if err else (SEEN, ""))


def test_a_refusal_is_said_without_what_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        refuse(EVIL)
    assert capsys.readouterr().err == SEEN


def test_lines_and_refusals_hide_the_same_signs(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines(["a\x1bb"])
    say("a\x1bb")
    one, other = capsys.readouterr().out.splitlines()
    assert one == other == "a?b"


def test_a_name_that_may_be_an_address_is_not_suggested() -> None:
    assert campaign_remark("jane.do@example.com", {"jane.doe@example.com"}) == (
        "jane.do@example.com is not on hold, and one that is spelled like it is: see `harmonia hold --list`"
    )
    assert team_remark("field\x1b[2", {"field\x1b[2J"}) == "--team: field\x1b[2 is in no file of teams, policy or token"


@pytest.mark.parametrize("file", COMMANDS, ids=lambda file: file.stem)
def test_commands_print_texts_with_names_in_them_by_say(file: Path) -> None:
    """`typer.echo` is for what programs read: JSON, files."""
    if file.stem == "saying":
        return
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            raw = [each for each in (node.func, *node.args) if ast.unparse(each) == "typer.echo"]
            texts = [each for each in ast.walk(node) if isinstance(each, ast.JoinedStr)]
            assert not raw or (raw == [node.func] and not texts), f"{file.name}:{node.lineno}"
