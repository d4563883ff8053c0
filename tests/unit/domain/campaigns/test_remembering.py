from streams.domain.campaigns import Roll, heard
from streams.domain.campaigns.remembering import FORGOTTEN_AFTER_MS, MOST
from tests.unit.domain.campaigns.sending import DAY, NOON


def test_a_campaign_of_which_nothing_is_heard_is_forgotten() -> None:
    roll, forgotten = heard(Roll({"a": NOON, "b": NOON + DAY}), ["c"], NOON + FORGOTTEN_AFTER_MS)
    assert not forgotten
    assert heard(roll, ["c"], NOON + FORGOTTEN_AFTER_MS + 1) == (
        Roll({"b": NOON + DAY, "c": NOON + FORGOTTEN_AFTER_MS + 1}),
        ["a"],
    )


def test_who_is_heard_of_again_stays() -> None:
    roll, _ = heard(Roll({"a": NOON, "b": NOON}), ["a"], NOON + 20 * DAY)
    assert list(roll.heard) == ["b", "a"]
    assert heard(roll, ["a"], NOON + 40 * DAY)[1] == ["b"]


def test_of_too_many_those_heard_of_last_are_remembered() -> None:
    roll, forgotten = heard(Roll(), ["real", *map(str, range(MOST - 1))], NOON)
    assert not forgotten
    roll, forgotten = heard(roll, ["new", "real"], NOON + 1)
    assert forgotten == ["0"]
    roll, forgotten = heard(roll, [f"more-{number}" for number in range(2 * MOST)], NOON + 2)
    assert len(roll.heard) == MOST
    assert {"new", "real", "more-0"} <= {*forgotten}


def test_a_clock_that_goes_back_changes_no_order() -> None:
    roll, _ = heard(Roll({"a": NOON}), ["b"], NOON - DAY)
    assert roll == Roll({"a": NOON, "b": NOON})
