"""Which variant a profile shows: the earliest that was given by anything but a message that was never sent."""

from zlib import crc32

import pytest

from events.json_types import JSON
from events.outputs import Assignment
from streams.domain.contact import ContactState, profile
from streams.domain.contact.merging import person
from streams.domain.contact.publication.size_limit import reduced
from streams.domain.contact.sections.exposures import TOO_LATE
from streams.domain.contact.state import DEDUP_WINDOW_MS
from tests.unit.domain.contact.said import (
    DAY,
    DONOR,
    HOUR,
    NOON,
    Arrival,
    appended,
    fold,
    folded,
    later,
    profile_of,
    report,
    retracted,
    said,
)

A: JSON = {"id": "x", "variant": "A"}
IN_A: Assignment = {"id": "x", "variant": "A", "assigned_at": "2012-03-01T12:00:00.000Z"}
SENT = said("email.sent", "s", message_id="m", experiment=A)
DROPPED = said("email.dropped", "d", message_id="m", experiment=A)


def experiments(state: ContactState) -> list[Assignment]:
    return profile(DONOR, state)["experiments"]


@pytest.mark.parametrize(
    "arrival",
    [
        *(
            said(f"email.{what}", "1", message_id="m", experiment=A)
            for what in ("sent", "delivered", "opened", "clicked", "deferred")
        ),
        said("email.bounced", "1", message_id="m", kind="hard", experiment=A),
        *(said(f"text.{what}", "1", message_id="m", experiment=A) for what in ("sent", "delivered", "failed")),
        report("1", outcome="not_home", experiment=A),
        said("experiment.assigned", "1", experiment=A),
    ],
    ids=lambda arrival: arrival.interaction.type,
)
def test_whatever_carries_an_experiment_assigns_before_and_after_it_has_settled(arrival: Arrival) -> None:
    assert profile_of(arrival)["experiments"] == [IN_A]
    assert experiments(folded(arrival, later(60 * DAY))) == [IN_A]


@pytest.mark.parametrize("pause", [1, DEDUP_WINDOW_MS + 1, TOO_LATE - DEDUP_WINDOW_MS, TOO_LATE])
def test_a_drop_may_come_a_month_before_and_after(pause: int) -> None:
    for first, second in ((SENT, DROPPED), (DROPPED, SENT)):
        state = folded(first, appended(NOON + pause, second))
        assert experiments(state) == []
        for at in (pause + DEDUP_WINDOW_MS + 1, pause + TOO_LATE + DEDUP_WINDOW_MS + 1, 400 * DAY):
            state, _ = fold(state, [later(at)])
            assert experiments(state) == []


def test_a_drop_that_comes_later_than_that_takes_nothing_back() -> None:
    for first, second in ((SENT, DROPPED), (DROPPED, SENT)):
        state = folded(first, appended(NOON + TOO_LATE + 1, second))
        assert experiments(state) == [IN_A]
        assert experiments(fold(state, [later(400 * DAY)])[0]) == [IN_A]


def at_day(day: int, arrival: Arrival) -> Arrival:
    return appended(NOON + day * DAY, arrival)


OTHER = said("email.sent", "other", message_id="other")


def test_a_drop_is_kept_until_whatever_it_may_still_meet_has_settled() -> None:
    """Something else settles while the drop is a month old, and what it takes back is not a week old."""
    state = folded(DROPPED, at_day(24, OTHER), at_day(29, SENT), later(32 * DAY))
    assert experiments(state) == []
    assert experiments(fold(state, [later(60 * DAY)])[0]) == []


def test_an_arm_is_kept_until_no_drop_can_be_taken_back_any_more() -> None:
    state = folded(SENT, at_day(24, OTHER), at_day(29, DROPPED), later(32 * DAY))
    assert experiments(state) == []
    assert experiments(fold(state, [at_day(35, retracted("d"))])[0]) == [IN_A]


def test_a_drop_may_take_back_the_earlier_word_of_a_message_alone() -> None:
    opened = said("email.opened", "o", NOON + HOUR, message_id="m", experiment=A)
    state = folded(opened, at_day(20, SENT), later(29 * DAY))
    assert experiments(state) == [IN_A]
    dropped, _ = fold(state, [at_day(45, DROPPED), later(90 * DAY)])
    assert experiments(dropped) == [{**IN_A, "assigned_at": "2012-03-01T13:00:00.000Z"}]


def test_what_was_too_late_to_be_taken_back_is_kept_once() -> None:
    mail = [said("email.sent", f"{n}", NOON + n, message_id=f"{n}", experiment=A) for n in range(9)]
    state = folded(*mail, later(DEDUP_WINDOW_MS + 1))
    assert len(state.settled.arms) == 9
    done, _ = fold(state, [appended(NOON + 38 * DAY, said("email.sent", "z", message_id="z")), later(50 * DAY)])
    assert [(each.time, each.message_id) for each in done.settled.arms] == [(NOON, "")]
    assert done.settled.drops == ()
    assert done.weight < state.weight


def test_of_two_fragments_one_may_know_of_the_drop() -> None:
    for at in (0, DEDUP_WINDOW_MS + 1):
        parts = {DONOR: folded(SENT, later(at)), "c2": folded(DROPPED, later(at))}
        assert experiments(person(parts)) == []
        assert experiments(parts[DONOR]) == [IN_A]


def test_of_household_turf_and_cluster_a_checksum_is_kept_where_an_experiment_is_named() -> None:
    where = {"cluster": "c", "household": "h", "turf": "t"}
    arm = said("experiment.assigned", "1", experiment=A, **where).fact().arm
    assert arm is not None
    assert (arm.cluster, arm.household, arm.turf) == tuple(crc32(name.encode()) for name in "cht")
    assert report("1", household="h", turf="t").fact().arm is None


def test_somebody_who_is_too_much_is_shown_without_experiments() -> None:
    state = folded(said("email.bounced", "1", message_id="m", kind="soft", experiment=A), later(60 * DAY))
    assert experiments(state) == [IN_A]
    assert experiments(reduced(state)) == []
    live = folded(report("1", outcome="refused", experiment=A))
    assert experiments(reduced(live)) == []
