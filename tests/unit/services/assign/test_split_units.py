"""How many households were not kept together, and where that is not even asked."""

from streams.services.assign.list_assignment import SplitUnitCounter, SplitUnits, Unit
from tests.unit.domain.experiments.writing import defined

SPLITS = {"column": "state", "splits": {"NY": {"a": 1}}}
HOUSES = defined(unit="household", variants={"a": 1, "b": 1}, holdout=0.1, strata=SPLITS)


def unit(household: str) -> Unit:
    return Unit(household, "c-1", {"contact_id": "c-1"}, household, "")


def heard(*given: tuple[str, str]) -> SplitUnits | None:
    counter = SplitUnitCounter(HOUSES)
    for household, variant in given:
        counter.add(unit(household), variant)
    return counter.split_units()


def test_a_household_counts_once_however_many_live_there() -> None:
    assert heard(("h-1", "a"), ("h-2", "b"), ("h-1", "b"), ("h-1", "holdout"), ("h-2", "b")) == SplitUnits(1, 2)
    assert heard() == SplitUnits(0, 0)


def test_of_many_households_none_is_taken_for_another() -> None:
    assert heard(*((f"h-{n}", "ab"[n % 2]) for n in range(20_000)), ("h-0", "b")) == SplitUnits(1, 20_000)


def test_nothing_is_kept_where_no_household_can_be_split() -> None:
    for definition in (defined(), defined(unit="household"), defined(strata={"column": "state", "splits": {}})):
        assert SplitUnitCounter(definition).split_units() is None
