from typing import Any

import pytest

from events.experiments import ExperimentDefinition
from streams.domain.experiments.definition_files import exclusion_clashes
from tests.unit.domain.experiments.writing import defined


def owning(id_: str, from_: float, to: float, group: str = "g", **fields: Any) -> ExperimentDefinition:
    return defined(id_, exclusion={"group": group, "from": from_, "to": to}, **fields)


def told(*definitions: ExperimentDefinition, changed: tuple[str, ...] = ("a",)) -> list[str]:
    return [str(clash) for clash in exclusion_clashes({each.id: each for each in definitions}, changed)]


def test_two_that_own_the_same_are_named_with_what_both_own() -> None:
    assert told(owning("a", 0, 0.5), owning("b", 0.25, 1)) == [
        "a and b: exclusion group g: both own 0.25 to 0.5; change a from or to, or let one end before the other starts"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (owning("a", 0, 0.5), owning("b", 0.5, 1)),
        (owning("a", 0, 0.5), owning("b", 0, 0.5, "another")),
        (owning("a", 0, 0.5), defined("b")),
        (owning("a", 0, 1, end="2026-03-01T00:00:00Z"), owning("b", 0, 1, start="2026-03-01T00:00:00Z")),
        (
            owning("a", 0, 1),
            owning("b", 0, 1, phase="rollout", rollout_variant="long", rollout_since="2026-03-01T00:00:00Z"),
        ),
    ],
)
def test_those_that_cannot_meet_in_one_person_are_let_be(
    one: ExperimentDefinition, other: ExperimentDefinition
) -> None:
    assert told(one, other) == []


def test_times_that_overlap_do_not_help() -> None:
    late = owning("b", 0, 1, start="2026-03-01T00:00:00Z")
    assert len(told(owning("a", 0, 1, end="2026-03-01T00:00:00.001Z"), late)) == 1
    assert len(told(owning("a", 0, 1, start="2027-01-01T00:00:00Z"), late)) == 1


def test_those_that_assign_other_units_may_meet_whatever_they_own() -> None:
    [line] = told(owning("a", 0, 0.5), owning("b", 0.5, 1, unit="turf"))
    assert "one assigns by contact, the other by turf" in line


def test_only_what_changed_is_looked_at() -> None:
    assert told(owning("a", 0, 1), owning("b", 0, 1), changed=("c",)) == []
    assert len(told(owning("a", 0, 1), owning("b", 0, 1), owning("c", 0, 1), changed=("a",))) == 2
