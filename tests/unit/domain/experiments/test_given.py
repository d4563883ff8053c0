"""What one person gives to an experiment: when it counts, what counts, and in which group."""

from zlib import crc32

import pytest

from events.experiments.metrics import METRICS
from events.fields import MAX_AMOUNT
from streams.domain.contact import ContactState
from streams.domain.contact.contribution import GROUPS
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.contact.person_view import overview
from streams.domain.experiments.counting_rules import DAY_MS, LONGEST, CountingRule
from streams.domain.experiments.person_sums import may_change, packed_contribution_of
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
