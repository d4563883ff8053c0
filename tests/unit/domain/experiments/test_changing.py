"""What is said before a definition is written: what becomes of the people, and only where something does."""

from typing import Any

import pytest

from streams.domain.experiments.definition_records import change_lines, definition_change
from tests.unit.domain.experiments.writing import defined

COUNTED, SPLIT, ASSIGNED = "are counted anew", "judged by the new parts", "is contaminated"


def words(before: dict[str, Any] | None, after: dict[str, Any]) -> tuple[str, list[str]]:
    head, *lines = change_lines(definition_change(None if before is None else defined(**before), defined(**after)))
    return head, [word for word in (COUNTED, SPLIT, ASSIGNED) if any(word in line for line in lines)]


@pytest.mark.parametrize(
    ("before", "after", "head", "said"),
    [
        (None, {"window": "1d"}, "ask: new", []),
        ({}, {}, "ask: unchanged", []),
        ({}, {"owner": "digital"}, "ask: changed: owner", []),
        ({}, {"window": "1d"}, "ask: changed: window", [COUNTED]),
        ({}, {"variants": {"short": 2, "long": 1}}, "ask: changed: variants", [SPLIT, ASSIGNED]),
        ({}, {"variants": {"short": 2, "long": 2}}, "ask: changed: variants", [ASSIGNED]),
        ({}, {"holdout": 0.1, "baseline": "short"}, "ask: changed: holdout", [SPLIT, ASSIGNED]),
        ({}, {"salt": "2026"}, "ask: changed: salt", [ASSIGNED]),
    ],
)
def test_what_a_definition_changes_is_said(
    before: dict[str, Any] | None, after: dict[str, Any], head: str, said: list[str]
) -> None:
    assert words(before, after) == (head, said)


def test_a_new_one_that_is_counted_otherwise_than_by_the_defaults_says_so_to_programs() -> None:
    assert definition_change(None, defined(window="1d")).recounts
    assert not definition_change(None, defined()).recounts
