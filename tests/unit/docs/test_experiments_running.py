"""Whoever follows the page gets what it says: every field, every mistake, and the same assignments in any language."""

import hashlib
import re
from pathlib import Path

from events.experiments import ExperimentDefinition
from streams.domain.experiments.assignment import VariantAssigner
from streams.domain.experiments.counting_rules import CountingRule
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.experiments.definition_records import edition_of, rule_of
from streams.domain.file_mistakes import FileMistakes

PAGE = (Path(__file__).parents[3] / "docs" / "experiments-running.md").read_text()
TABLE = PAGE.partition("| field |")[2].partition("\n\n")[0]
VECTOR = re.compile(r"^\| `(.+?)` \| (\S+) \| (\S+) \| (\w+) \| (\S+) \| (\S+) \| ([\w ]+) \|$", re.MULTILINE)


def shown() -> list[ExperimentDefinition]:
    [text] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    found = read_definitions(text)
    assert not isinstance(found, FileMistakes), str(found)
    return found


def test_every_field_has_its_row() -> None:
    named = re.findall(r"^\| ((?:`\w+`(?:, )?)+)", TABLE, re.MULTILINE)
    assert {name for row in named for name in re.findall(r"\w+", row)} == {*ExperimentDefinition.model_fields}


def test_the_fields_that_count_people_are_marked() -> None:
    """Whoever changes another one must not wait for a recount."""
    marked = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \* \|", TABLE, re.MULTILINE)
    fields = {name for row in marked for name in re.findall(r"\w+", row)}
    renamed = {"window_ms": "window", "rollout": "rollout_since"}
    counting = {renamed.get(name, name) for name in CountingRule.__struct_fields__ if name != "edition"}
    assert fields - {"phase", "rollout_variant"} == counting
    assert edition_of(rule_of(shown()[0])) != ""


def test_the_mistakes_that_are_shown_are_told_so() -> None:
    wrong = "variants = { short = 0.5, long = 1 }\nholdout = 10\nwindow = '1w'\n"
    told = read_definitions(f'[[experiment]]\nid = "x"\n{wrong}')
    assert isinstance(told, FileMistakes)
    assert f"```\n{told}\n```" in PAGE


def point(purpose: str, salt: str, unit: str) -> float:
    """As the page says it."""
    hashed = hashlib.sha256(f"{purpose}\x1f{salt}\x1f{unit}".encode()).digest()
    return (int.from_bytes(hashed[:8], "big") >> 11) / 2.0**53


def test_the_vectors_are_those_of_the_code() -> None:
    ask, door = map(VariantAssigner, shown())
    found = VECTOR.findall(PAGE)
    assert len(found) == 11
    for unit, held, place, variant, slice_, other, order in found:
        asked = (("holdout", "gotv-ask"), ("variant", "gotv-ask"), ("exclusion", "field"), ("variant", "2026"))
        assert [point(*purpose, unit) for purpose in asked] == [*map(float, (held, place, slice_, other))]
        assert (ask.variant_of(unit), door.variant_of(unit) or "not in it") == (variant, order)
    assert {row[3] for row in found} == {"short", "control", "long", "holdout"}
    assert {row[6] for row in found} == {"walk", "call", "not in it"}
