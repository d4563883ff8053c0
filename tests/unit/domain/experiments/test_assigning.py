"""Who is given which variant."""

from collections import Counter
from math import sqrt
from zlib import crc32

import pytest

from events.experiments.metrics import METRICS
from events.fields import MAX_AMOUNT
from streams.domain.contact import ContactState
from streams.domain.contact.contribution import GROUPS
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.contact.person_view import overview
from streams.domain.experiments.assignment import HashPoint, VariantAssigner, assignment_id
from streams.domain.experiments.counting_rules import DAY_MS, LONGEST, CountingRule
from streams.domain.experiments.person_sums import may_change, packed_contribution_of
from streams.domain.experiments.report import units
from streams.domain.experiments.report.headline import interval_verdict
from tests.unit.domain.contact.said import (
    DAY,
    DONOR,
    HOUR,
    NOON,
    Arrival,
    appended,
    fold,
    folded,
    gift,
    refund,
    report,
    retracted,
    said,
)
from tests.unit.domain.experiments.people import assigned, figures, given_by
from tests.unit.domain.experiments.writing import defined
from tests.unit.domain.human.people import CHROME

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


def opened(time: int, id_: str = "o") -> Arrival:
    """About half a person's."""
    return said("email.opened", id_, time, message_id="m", user_agent=CHROME)


def test_who_is_in_no_experiment_gives_nothing() -> None:
    assert packed_contribution_of(DONOR, overview(folded(gift("1", 5))), {}, NOTHING) is NOTHING
    assert packed_contribution_of(DONOR, overview(ContactState()), {}, NOTHING) is NOTHING


def test_one_is_given_for_each_experiment_in_their_order() -> None:
    found = given_by(folded(assigned(experiment="y"), assigned("A"), gift("1", 5)))
    assert [(one.experiment, one.variant, one.day, one.edition) for one in found] == [
        ("x", "A", NOON // DAY_MS, ""),
        ("y", "B", NOON // DAY_MS, ""),
    ]


def test_who_was_given_two_variants_stays_in_the_first() -> None:
    (one,) = given_by(folded(assigned("A", NOON), assigned("B", NOON - 1)))
    assert (one.variant, one.contaminated) == ("B", True)
    (again,) = given_by(folded(assigned("A", NOON), assigned("A", NOON - 1)))
    assert (again.variant, again.contaminated) == ("A", False)


@pytest.mark.parametrize(
    "arrival",
    [
        report("1", outcome="not_home", support=3),
        said("ballot.reported", "1", election="e", status="returned"),
        said("consent.changed", "1", channel="email", granted=True),
        said("consent.changed", "1", channel="email", granted=False, list_id="l"),
        said("text.sent", "1", message_id="m"),
    ],
    ids=lambda arrival: arrival.interaction.type,
)
def test_what_is_no_outcome_counts_nothing(arrival: Arrival) -> None:
    assert figures(assigned(), arrival) == {}


def test_outcomes_count_from_the_moment_of_assignment_until_the_window_ends() -> None:
    rule = CountingRule(window_ms=2 * HOUR, covariate_days=0)
    counts = {
        at: bool(figures(assigned(), gift("1", 5, NOON + at), rule=rule)) for at in (-1, 0, 2 * HOUR - 1, 2 * HOUR)
    }
    assert counts == {-1: False, 0: True, 2 * HOUR - 1: True, 2 * HOUR: False}


def test_what_was_before_counts_in_whole_days_before_that_of_assignment() -> None:
    midnight = NOON // DAY * DAY
    rule = CountingRule(covariate_days=2)
    earlier = [midnight - 2 * DAY - 1, midnight - 2 * DAY, midnight - 1, midnight]
    found = [figures(assigned(), gift("1", 5, time), rule=rule).get("donated") for time in earlier]
    assert found == [None, (0, 1, 0), (0, 1, 0), None]


def test_one_person_counts_no_more_than_the_largest_gift_that_is_taken_in_either_way() -> None:
    """So no sum of a person leaves 64 bits, whoever makes up gifts."""
    gifts = [gift(str(number), MAX_AMOUNT) for number in range(3)]
    assert figures(assigned(), *gifts)["net_amount"] == (500_000, 0, MAX_AMOUNT)
    refunds = [refund(str(number), MAX_AMOUNT) for number in range(3)]
    assert figures(assigned(), *refunds)["net_amount"] == (-500_000, 0, -MAX_AMOUNT)


def test_the_latest_word_of_support_in_the_window_counts() -> None:
    supporter, undecided = report("1", NOON, support=1), report("2", NOON + HOUR, support=3)
    assert figures(assigned(), supporter, undecided) == {"contacted": (1, 0, 1)}
    assert figures(assigned(), supporter, undecided, rule=CountingRule(window_ms=HOUR))["support"] == (1, 0, 1)


@pytest.mark.parametrize(
    ("rule", "counts"),
    [
        (CountingRule(start=NOON), True),
        (CountingRule(start=NOON + 1), False),
        (CountingRule(end=NOON + 1), True),
        (CountingRule(end=NOON), False),
        (CountingRule(rollout=NOON + 1), True),
        (CountingRule(rollout=NOON), False),
    ],
)
def test_who_was_assigned_outside_of_the_test_does_not_count(rule: CountingRule, counts: bool) -> None:
    assert bool(given_by(folded(assigned()), {"x": rule})) is counts


def test_the_group_is_that_of_the_unit() -> None:
    def group(unit: str, *arrivals: Arrival) -> int:
        (one,) = given_by(folded(*arrivals), {"x": CountingRule(unit=unit)})  # type: ignore[arg-type]
        return one.group

    def of(name: str) -> int:
        return crc32(name.encode()) % GROUPS

    clustered, in_turf = assigned(cluster="c", turf="t"), assigned(turf="t")
    knocked = report("1", household="h", experiment={"id": "x", "variant": "A"})
    assert group("contact", clustered) == -1
    assert group("turf", clustered) == group("household", clustered) == of("c")
    assert (group("turf", in_turf), group("household", in_turf)) == (of("t"), of(DONOR))
    assert (group("household", knocked), group("turf", knocked)) == (of("h"), of(DONOR))


def may_move(new: Arrival, *others: Arrival) -> bool:
    """What somebody gives who has just taken one more."""
    return may_change([new.fact()], overview(folded(*others, new)), {}, packed(given_by(folded(*others))))


def test_nobody_asks_again_after_what_changes_nothing() -> None:
    mail = said("email.sent", "m", message_id="m")
    assert not may_move(mail, assigned())
    assert may_move(mail, assigned(), opened(NOON))
    assert not may_move(said("email.sent", "n", message_id="n"), assigned(), mail, opened(NOON))
    assert may_move(gift("1", 5), assigned(), mail)
    assert not may_move(gift("1", 5))
    assert may_move(retracted("1"))


def sent(name: str, variant: str, experiment: str = "x", time: int = NOON) -> Arrival:
    return said("email.sent", name, time, message_id=name, experiment={"id": experiment, "variant": variant})


def test_nobody_asks_again_after_one_more_message_of_the_same_variant() -> None:
    first = sent("a", "B")
    assert may_move(first)
    assert not may_move(sent("b", "B"), first)
    assert may_move(sent("b", "B", time=NOON - 1), first)
    assert may_move(sent("b", "A"), first)
    assert may_move(sent("b", "B", "y"), first)


def test_who_is_in_an_experiment_and_is_not_counted_may_be_from_now_on() -> None:
    first, second = sent("a", "B"), sent("b", "B")
    known, rules = overview(folded(first, second)), {"x": CountingRule("2")}
    assert may_change([second.fact()], known, rules, packed(given_by(folded(first))))
    assert may_change([second.fact()], known, rules, NOTHING)
    assert not may_change([second.fact()], known, rules, packed(given_by(folded(first), rules)))


def test_no_definition_looks_further_back_than_the_fold_does() -> None:
    """Or opens and clicks of more than 400 days ago would be forgotten for it."""
    furthest = defined(covariate_days=LONGEST // DAY_MS - 1)
    assert furthest.covariate_days * DAY_MS < LONGEST
    with pytest.raises(ValueError, match="covariate_days"):
        defined(covariate_days=furthest.covariate_days + 1)


def test_of_whom_was_first_counted_more_than_400_days_later_nobody_knows_the_opens() -> None:
    state = folded(assigned(), opened(NOON))
    later, _ = fold(state, [appended(NOON + 500 * DAY, gift("1", 5, NOON + HOUR))])
    (one,) = given_by(later)
    assert {METRICS[place]: values for place, *values in one.values} == {
        "opened": [0, 0, -1],
        "clicked": [0, 0, -1],
        "donated": [1, 0, 1],
        "net_amount": [5, 0, 5],
    }
    assert given_by(later, before=packed([one])) == [one]


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("donated", 0.0412, "4.12 %"),
        ("opened", 245.3, "24.53 %"),
        ("net_amount", 120550.4, "$1,205.50"),
        ("net_amount", -310.0, "-$3.10"),
        ("donated", None, "-"),
    ],
)
def test_a_mean_is_in_per_cent_or_money(metric: str, value: float | None, text: str) -> None:
    assert units.mean(metric, value, "USD") == text


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("donated", 0.0107, "+1.07 pp"),
        ("opened", -12.0, "-1.20 pp"),
        ("net_amount", 70.4, "+$0.70"),
        ("net_amount", -0.4, "$0.00"),
        ("voted", 0.0, "0.00 pp"),
    ],
)
def test_an_effect_has_its_sign_and_nought_has_none(metric: str, value: float, text: str) -> None:
    assert units.effect(metric, value, "USD") == text


def test_an_interval_has_both_ends() -> None:
    assert units.interval("donated", -0.0071, 0.0193, "USD") == "-0.71 to +1.93"
    assert units.interval("net_amount", -48.0, 57.5, "USD") == "-$0.48 to +$0.57"


def test_a_total_is_of_people_acts_or_money() -> None:
    found = [units.total(metric, 1_923_400, "USD") for metric in ("donated", "opened", "net_amount")]
    assert found == ["1,923,400", "1,923.4", "$19,234.00"]


@pytest.mark.parametrize(
    ("metric", "low", "high", "word"),
    [
        ("donated", 0.001, 0.02, "better"),
        ("donated", -0.02, -0.001, "worse"),
        ("donated", -0.001, 0.02, "not yet known"),
        ("donated", 0.0, 0.02, "not yet known"),
        ("unsubscribed", 0.001, 0.02, "worse"),
        ("complained", -0.02, -0.001, "better"),
    ],
)
def test_a_word_is_about_all_of_the_interval(metric: str, low: float, high: float, word: str) -> None:
    assert interval_verdict(metric, low, high) == word
