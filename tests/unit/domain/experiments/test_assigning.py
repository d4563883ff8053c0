"""Shares, independence and stability of assignments, over so many people that a fault of a percent would be seen.

The units are the same in every run, so a law holds or does not: bounds are five standard deviations wide.
"""

from collections import Counter
from math import sqrt

import pytest

from streams.domain.experiments.assignment import HashPoint, VariantAssigner, assignment_id
from tests.unit.domain.experiments.writing import defined

PEOPLE = [f"c-{number}" for number in range(20_000)]
TOLD = [
    ("c-1", 0.8145079252453102, 0.013741335270199717, "control"),
    ("c-4", 0.27703875596578265, 0.7853970936115761, "short"),
    ("c-10", 0.5995088010616237, 0.5195920495895545, "long"),
    ("Zoë", 0.7011102226664364, 0.042518052337323975, "control"),
]
ASK = defined("gotv-ask", variants={"short": 45, "control": 45, "long": 10}, holdout=0.1)


def within(found: int, of: int, share: float) -> bool:
    return abs(found - of * share) <= 5 * sqrt(of * share * (1 - share))


def variants(**fields: object) -> dict[str, str | None]:
    assigning = VariantAssigner(defined(**fields))  # type: ignore[arg-type]
    return {unit: assigning.variant_of(unit) for unit in PEOPLE}


def moved(before: dict[str, str | None], after: dict[str, str | None]) -> set[tuple[str | None, str | None]]:
    return {(before[unit], after[unit]) for unit in PEOPLE if before[unit] != after[unit]}


@pytest.mark.parametrize(("unit", "held", "place", "variant"), TOLD)
def test_any_other_language_finds_the_same(unit: str, held: float, place: float, variant: str) -> None:
    assert HashPoint("holdout", "gotv-ask").of(unit) == held
    assert HashPoint("variant", "gotv-ask").of(unit) == place
    assert VariantAssigner(ASK).variant_of(unit) == variant


def test_shares_are_as_planned() -> None:
    found = Counter(VariantAssigner(ASK).variant_of(unit) for unit in PEOPLE)
    for variant, share in {"holdout": 0.1, "short": 0.405, "control": 0.405, "long": 0.09}.items():
        assert within(found[variant], len(PEOPLE), share), variant
    assert found.total() == len(PEOPLE)
    assert found.keys() == {"holdout", "short", "control", "long"}


def test_experiments_with_other_salts_are_independent() -> None:
    one, other = variants(id_="one"), variants(id_="other")
    pairs = Counter((one[unit], other[unit]) for unit in PEOPLE)
    assert len(pairs) == 4
    assert all(within(count, len(PEOPLE), 0.25) for count in pairs.values())


def test_those_with_the_same_salt_assign_alike() -> None:
    assert variants(id_="one", salt="s") == variants(id_="other", salt="s")


def test_who_is_held_out_says_nothing_of_the_variant_one_would_have_had() -> None:
    before, after = variants(), variants(holdout=0.5)
    held = Counter(before[unit] for unit in PEOPLE if after[unit] == "holdout")
    assert within(held["short"], held.total(), 0.5)


def test_a_holdout_that_grows_moves_people_into_it_and_no_others() -> None:
    moves = moved(variants(holdout=0.1), variants(holdout=0.2))
    assert moves == {("short", "holdout"), ("long", "holdout")}


def test_a_slice_that_grows_takes_people_in_and_moves_nobody() -> None:
    def owning(upto: float) -> dict[str, str | None]:
        return variants(exclusion={"group": "g", "from": 0.2, "to": upto}, holdout=0.1)

    before, after = owning(0.3), owning(0.6)
    assert {was for was, _ in moved(before, after)} == {None}
    assert within(sum(variant is not None for variant in after.values()), len(PEOPLE), 0.4)


def test_a_weight_that_grows_takes_from_the_other_variant_alone() -> None:
    assert moved(variants(), variants(variants={"short": 3, "long": 1})) == {("long", "short")}


def test_the_order_of_a_table_makes_no_difference() -> None:
    assert variants(variants={"a": 1, "b": 2, "c": 3}) == variants(variants={"c": 3, "b": 2, "a": 1})


def test_experiments_of_one_group_have_nobody_in_common_and_leave_nobody_out() -> None:
    slices = [(0.0, 0.3), (0.3, 0.5), (0.5, 1.0)]
    each = [
        variants(id_=f"e{place}", exclusion={"group": "g", "from": start, "to": end})
        for place, (start, end) in enumerate(slices)
    ]
    assert {sum(found[unit] is not None for found in each) for unit in PEOPLE} == {1}


def test_the_slice_says_nothing_of_the_variant() -> None:
    found = Counter(variants(exclusion={"group": "e", "from": 0, "to": 0.5}, id_="e").values())
    assert within(found["short"], found["short"] + found["long"], 0.5)


def test_a_stratum_may_have_a_split_of_its_own() -> None:
    assigning = VariantAssigner(defined(strata={"column": "state", "splits": {"NY": {"long": 1}}}, holdout=0.1))
    assert {assigning.variant_of(unit, "NY") for unit in PEOPLE} == {"long", "holdout"}
    assert all(assigning.variant_of(unit, "CA") == assigning.variant_of(unit) for unit in PEOPLE[:100])


def test_whoever_is_held_out_is_so_in_every_stratum() -> None:
    own = {"column": "state", "splits": {"NY": {"long": 1, "short": 9}}}
    assigning = VariantAssigner(defined(strata=own, holdout=0.1))
    for unit in PEOPLE:
        assert (assigning.variant_of(unit, "NY") == "holdout") == (assigning.variant_of(unit) == "holdout")


def test_in_a_rollout_everybody_gets_the_variant() -> None:
    done = {"phase": "rollout", "rollout_variant": "long", "rollout_since": "2026-03-01T00:00:00Z"}
    found = variants(**done, holdout=0.5, exclusion={"group": "g", "from": 0, "to": 0.1})
    assert set(found.values()) == {"long"}


def test_an_assignment_has_the_same_id_in_every_run_and_another_one_for_every_person_and_variant() -> None:
    assert assignment_id(ASK, "c-1", "long") == assignment_id(ASK, "c-1", "long")
    definitions = ASK, defined("b"), defined("b", salt="s")
    ids = {
        assignment_id(definition, unit, variant)
        for definition in definitions
        for unit in "xy"
        for variant in ("short", "long")
    }
    assert len(ids) == 12
    assert assignment_id(ASK, "c-1", "long") == "621c11e028dab00836c2d6639bbe1bb5"
