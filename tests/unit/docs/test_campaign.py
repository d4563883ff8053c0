"""The pages of a campaign show the same commands in the same order, with options that these have.

And who follows them has a policy that does what they say of it.
"""

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from events.adapters.mapping import parse_mapping
from events.adapters.rows import missing
from streams.cli.main import app
from streams.domain.pressure import Policy, default_policy, default_policy_text, read_policy

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ("campaign.md", "fr/campagne.md")


def shown(page: str) -> list[list[str]]:
    """The commands of a page, each as its words."""
    blocks = re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    return [shlex.split(line.partition("#")[0])[1:] for block in blocks for line in block.splitlines() if line]


@cache
def all_commands() -> Any:
    return typer.main.get_command(app)


class Resolved(NamedTuple):
    """The command that words lead to, and the options that it does not have; `is_group`: they lead to no command."""

    path: list[str]
    unknown: list[str]
    is_group: bool


def resolved(words: list[str]) -> Resolved:
    command = all_commands()
    path = list[str]()
    for word in words:
        below = getattr(command, "commands", {})
        if word not in below:
            break
        command, path = below[word], [*path, word]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word not in known]
    return Resolved(path, unknown, bool(getattr(command, "commands", None)))


@pytest.mark.parametrize("page", PAGES)
def test_every_command_has_the_options_that_are_shown(page: str) -> None:
    commands = shown(page)
    assert len(commands) > 25
    for words in commands:
        found = resolved(words)
        assert (found.is_group, found.unknown) == (False, []), words


def test_both_languages_show_the_same_commands_in_the_same_order() -> None:
    english, french = ([resolved(words).path for words in shown(page)] for page in PAGES)
    assert english == french


@pytest.mark.parametrize("page", PAGES)
def test_the_mapping_of_a_roll_that_is_shown_takes_it_from_the_roll_and_neither_name_nor_birth(page: str) -> None:
    [shown_mapping] = re.findall(r"```toml\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    mapping = parse_mapping(shown_mapping)
    [rule] = mapping.interactions
    assert rule.type == "provenance.reported"
    roll = ["numéro d'électeur", "nom de naissance", "prénoms", "date de naissance", "commune de naissance", "sexe"]
    roll += ["bureau de vote", "tranche d'âge", "code postal", "date d'extraction"]
    assert missing(roll, mapping) == []
    assert not mapping.columns() & {*roll[1:5]}
    assert mapping.unknown_fields() == []


@pytest.mark.parametrize("page", PAGES)
def test_who_takes_the_marks_off_is_asked_for_notices_on_each_channel_of_the_page(page: str) -> None:
    """And the policy that the page writes is the one that processes are told to read."""
    text = (DOCS / page).read_text()
    assert ["policy", "show", "--default", ">", "policy.toml"] in shown(page)
    assert "`HARMONIA_POLICY=policy.toml`" in text
    asked = {words[words.index("--channel") + 1] for words in shown(page) if "--channel" in words}
    assert asked
    assert asked <= asked_for_notices(without_marks(default_policy_text("fr")))


@pytest.mark.parametrize("regime", ["fr", "eu"])
def test_a_packaged_policy_has_a_condition_on_notices_for_each_channel_behind_marks(regime: Any) -> None:
    marked = default_policy_text(regime)
    assert asked_for_notices(without_marks(marked)) == {"email", "text", "phone", "door", "letter"}
    assert asked_for_notices(marked) == set()
    assert read_policy(marked) == default_policy(regime)


def without_marks(policy: str) -> str:
    return re.sub(r'^# (\[\[conditions\]\]|[a-z]+ = ".*")$', r"\1", policy, flags=re.MULTILINE)


def asked_for_notices(policy: str) -> set[str]:
    """On which channels whoever came from somebody else has to be told so, within the usual time."""
    found = read_policy(policy)
    assert isinstance(found, Policy), found
    usual = 28 * 86_400_000
    return {each.channel for each in found.conditions if each.require == "notice" and each.within == usual}
