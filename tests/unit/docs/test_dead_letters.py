"""The page for operators says what the code does."""

import re
from pathlib import Path

from events.reference import with_held_types
from streams.domain.dead_letter_repair.casting import KINDS
from streams.domain.dead_letter_repair.mapping import Mapping, read_mapping
from streams.domain.quarantine.guard import DEFERRABLE_TYPES

PAGE = (Path(__file__).parents[3] / "docs" / "dead-letters.md").read_text()


def test_the_mapping_that_is_shown_is_one() -> None:
    [shown] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    found = read_mapping(shown)
    assert isinstance(found, Mapping)
    assert found.cast == {("data", "amount"): "int"}


def test_every_section_and_every_kind_is_named() -> None:
    assert {*re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)} == Mapping.model_fields.keys()
    assert all(f"`{kind}`" in PAGE for kind in KINDS)


def test_what_is_held_is_listed() -> None:
    assert with_held_types(PAGE) == PAGE, "run `make schemas`"
    [listed] = re.findall(r"\*\*Held:\*\*(.*?)\*\*Never held", PAGE, re.DOTALL)
    assert set(re.findall(r"`([a-z_.]+)`", listed)) == DEFERRABLE_TYPES
