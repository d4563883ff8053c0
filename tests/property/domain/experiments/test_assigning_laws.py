"""Whatever is defined, and whoever is named: one answer, among those that were planned."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events.experiments import ExperimentDefinition
from streams.domain.experiments.assignment import HashPoint, VariantAssigner
from streams.domain.experiments.definition_records import definition_record, read_definition
from tests.unit.domain.experiments.writing import defined

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
VARIANTS = st.dictionaries(NAMES.filter("holdout".__ne__), st.integers(1, 100), min_size=2, max_size=5)
SHARES = st.floats(0, 0.99)


@st.composite
def definitions(draw: st.DrawFn) -> ExperimentDefinition:
    fields: dict[str, Any] = {"variants": draw(VARIANTS), "holdout": draw(SHARES), "salt": draw(NAMES)}
    if draw(st.booleans()):
        start, end = sorted(draw(st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True)))
        fields["exclusion"] = {"group": draw(NAMES), "from": start, "to": end}
    return defined(draw(NAMES), **fields)


@given(definitions(), NAMES)
def test_everybody_has_one_variant_of_those_that_are_planned_or_is_not_in_it(
    definition: ExperimentDefinition, unit: str
) -> None:
    found = VariantAssigner(definition).variant_of(unit)
    assert found in (*definition.arms, None)
    assert found == VariantAssigner(definition).variant_of(unit)
    assert definition.exclusion is not None or found is not None


@given(definitions(), NAMES)
def test_what_went_through_the_topic_assigns_alike(definition: ExperimentDefinition, unit: str) -> None:
    read = read_definition(*definition_record(definition))
    assert read == (definition.id, definition)
    assert VariantAssigner(read[1]).variant_of(unit) == VariantAssigner(definition).variant_of(unit)


@given(definitions(), st.lists(st.tuples(NAMES, NAMES), max_size=30))
def test_a_household_is_together_in_whatever_order_it_comes(
    definition: ExperimentDefinition, people: list[tuple[str, str]]
) -> None:
    def assigned(rows: list[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
        assigning = VariantAssigner(definition)
        return {row: assigning.variant_of(row[1]) for row in rows}

    found = assigned(people)
    assert found == assigned(people[::-1])
    by_household = {household: found[person, household] for person, household in people}
    assert all(found[row] == by_household[row[1]] for row in people)


@given(NAMES, NAMES)
def test_a_point_is_in_the_unit_interval(salt: str, unit: str) -> None:
    assert 0 <= HashPoint("variant", salt).of(unit) < 1
    assert HashPoint("variant", salt).of(unit) == HashPoint("variant", salt).of(unit)
