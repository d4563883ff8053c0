"""Experiments and human acts in a profile."""

from zlib import crc32

import pytest

from events.json_types import JSON
from events.outputs import Assignment
from streams.domain.contact import ContactState, decode, encode, profile
from streams.domain.contact.facts.engagement import Deed, link_of
from streams.domain.contact.merging import person
from streams.domain.contact.publication.size_limit import reduced
from streams.domain.contact.sections.exposures import TOO_LATE
from streams.domain.contact.state import DEDUP_WINDOW_MS
from streams.domain.human import Agent
from tests.unit.domain.contact.said import (
    DAY,
    DONOR,
    HOUR,
    NOON,
    SECOND,
    Arrival,
    appended,
    fold,
    folded,
    gift,
    later,
    profile_of,
    report,
    retracted,
    said,
)
from tests.unit.domain.human.people import APPLE, CHROME

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


WEEK = 7 * DAY


def delivered(time: int = NOON, message_id: str = "m") -> Arrival:
    return said("email.delivered", f"d{time}", time, message_id=message_id)


def opened(id_: str, time: int, agent: str | None = None, **data: bool | str) -> Arrival:
    return said("email.opened", id_, time, **{"message_id": "m", "user_agent": agent, **data})


def clicked(id_: str, time: int, url: str | None = "https://example.org/1", agent: str | None = CHROME) -> Arrival:
    return said("email.clicked", id_, time, message_id="m", url=url, user_agent=agent)


def humans(state: ContactState) -> tuple[float, float]:
    email = profile(DONOR, state)["email"]
    return email["opens_human"], email["clicks_human"]


def test_the_profile_shows_the_sum_of_probabilities_and_the_raw_figures_beside_it() -> None:
    seen = profile_of(delivered(), opened("1", NOON + SECOND, APPLE), opened("2", NOON + HOUR, CHROME))
    assert seen["counts"] == {"email.delivered": 1, "email.opened": 2}
    assert seen["email"]["opens_human"] == round(0.020 + 0.863, 3)


@pytest.mark.parametrize(
    ("arrival", "deed"),
    [
        (opened("1", NOON), Deed("m")),
        (opened("1", NOON, APPLE, machine=True), Deed("m", True, Agent.BARE)),
        (opened("1", NOON, CHROME, machine=False, url="https://example.org"), Deed("m", False, Agent.PERSONAL)),
        (
            clicked("1", NOON, "https://example.org/1"),
            Deed("m", None, Agent.PERSONAL, link_of("https://example.org/1")),
        ),
        (clicked("1", NOON, None, None), Deed("m")),
    ],
)
def test_of_an_act_its_user_agents_kind_and_its_urls_checksum_are_kept(arrival: Arrival, deed: Deed) -> None:
    assert arrival.fact().detail == deed
    assert CHROME.encode() not in encode(folded(arrival))


def test_two_urls_are_two_links() -> None:
    assert link_of("https://example.org/1") != link_of("https://example.org/2")
    assert link_of(None) is None
    assert link_of("") is None


def test_a_gift_that_is_received_within_a_week_revises_and_a_later_one_does_not() -> None:
    act = [delivered(), opened("1", NOON + SECOND, APPLE)]
    in_time = folded(*act, appended(NOON + WEEK, gift("g", 5, NOON + HOUR)), later(WEEK + 1))
    too_late = folded(*act, appended(NOON + WEEK + 1, gift("g", 5, NOON + HOUR)), later(2 * WEEK))
    assert humans(in_time) == (0.666, 0)
    assert humans(too_late) == (0.02, 0)


def test_a_delivery_that_has_settled_still_speaks_of_an_open_that_has_not() -> None:
    late = appended(NOON + WEEK, opened("1", NOON + SECOND, CHROME))
    known = folded(delivered(), clicked("2", NOON + HOUR, agent=APPLE), late)
    told = humans(known)
    echoing = folded(delivered(), clicked("2", NOON + HOUR, agent=APPLE), late, later(WEEK + 1))
    assert [fact.type for fact in echoing.settled.echoes] == ["email.delivered", "email.clicked"]
    assert decode(encode(echoing)) == echoing
    assert humans(echoing) == told
    done, _ = fold(echoing, [later(2 * WEEK + 1)])
    assert humans(done) == told
    assert done.settled.echoes == ()
    assert done.weight < echoing.weight


def test_what_settles_without_an_act_that_waits_for_it_leaves_no_echo() -> None:
    other = appended(NOON + WEEK, opened("1", NOON + SECOND, message_id="n"))
    before = appended(NOON + WEEK, clicked("3", NOON + 2 * HOUR))
    known = folded(delivered(), clicked("2", NOON + HOUR), other, before, later(WEEK + 1))
    assert [fact.type for fact in known.settled.echoes] == ["email.delivered"]
