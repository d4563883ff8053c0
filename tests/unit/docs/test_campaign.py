"""The pages of a campaign show the same commands in the same order, with options that these have."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from streams.cli.main import app

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("campaign.md", "fr/campagne.md")


def shown(page: str) -> list[list[str]]:
    """The commands of a page, each as its words."""
    blocks = re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    return [shlex.split(line.partition("#")[0])[1:] for block in blocks for line in block.splitlines() if line]


def resolved(words: list[str]) -> tuple[list[str], list[str]]:
    """The command that words lead to, and the options that it does not have."""
    command, path = typer.main.get_command(app), list[str]()
    for word in words:
        below = getattr(command, "commands", {})
        if word not in below:
            break
        command, path = below[word], [*path, word]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return path, [word for word in words if word.startswith("--") and word not in known]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_has_the_options_that_are_shown(page: str) -> None:
    commands = shown(page)
    assert len(commands) > 25
    for words in commands:
        path, unknown = resolved(words)
        assert (bool(path), unknown) == (True, []), words


def test_both_languages_show_the_same_commands_in_the_same_order() -> None:
    english, french = ([resolved(words)[0] for words in shown(page)] for page in PAGES)
    assert english == french
