"""`opens_human` and `clicks_human`: what is kept for them, and that settling freezes what was known."""

from itertools import permutations

import pytest

from streams.domain.contact import ContactState, decode, encode, merge, profile
from streams.domain.contact.facts.engagement import Deed, link_of
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
    profile_of,
    said,
)
from tests.unit.domain.human.people import APPLE, CHROME

WEEK = 7 * DAY


def delivered(time: int = NOON, message_id: str = "m") -> Arrival:
    return said("email.delivered", f"d{time}", time, message_id=message_id)


def opened(id_: str, time: int, agent: str | None = None, **data: bool | str) -> Arrival:
    return said("email.opened", id_, time, **{"message_id": "m", "user_agent": agent, **data})


def clicked(id_: str, time: int, url: str | None = "https://example.org/1", agent: str | None = CHROME) -> Arrival:
    return said("email.clicked", id_, time, message_id="m", url=url, user_agent=agent)


def later(at: int) -> Arrival:
    """Something of no interest that is appended `at` after noon."""
    return appended(NOON + at, said("rsvp.made", f"later {at}", NOON, event_id="e"))


def humans(state: ContactState) -> tuple[float, float]:
    email = profile(DONOR, state)["email"]
    return email["opens_human"], email["clicks_human"]


def test_of_a_contact_without_mail_there_are_none() -> None:
    assert humans(folded(gift("1", 5))) == (0, 0)


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


def test_a_gift_lifts_an_open_unless_it_is_charged_by_itself_or_was_taken_back() -> None:
    prefetched = [delivered(), opened("1", NOON + SECOND, APPLE)]
    taken_back = said("interaction.retracted", "r", retracts={"source": "team/a", "id": "g"})
    assert humans(folded(*prefetched)) == (0.02, 0)
    assert humans(folded(*prefetched, gift("g", 5, NOON + HOUR))) == (0.666, 0)
    assert humans(folded(*prefetched, gift("g", 5, NOON + HOUR, instalment=1))) == (0.666, 0)
    assert humans(folded(*prefetched, gift("g", 5, NOON + HOUR, instalment=2))) == (0.02, 0)
    assert humans(folded(*prefetched, gift("g", 5, NOON + HOUR), taken_back)) == (0.02, 0)


def test_of_two_reports_of_one_gift_the_one_that_counts_is_the_evidence() -> None:
    first, second = gift("g", 5, NOON - DAY, donation_id="p:1"), gift("h", 5, NOON + HOUR, donation_id="p:1")
    assert profile_of(delivered(), opened("1", NOON + SECOND, APPLE), second)["email"]["opens_human"] == 0.666
    assert profile_of(delivered(), opened("1", NOON + SECOND, APPLE), second, first)["email"]["opens_human"] == 0.02


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        ([opened("1", NOON + HOUR)], (0.5, 0)),
        ([opened("1", NOON + SECOND, APPLE, machine=True), said("text.replied", "2", NOON + HOUR)], (0.285, 0)),
        ([opened("1", NOON + HOUR), clicked("2", NOON + HOUR + SECOND, agent=None)], (0.984, 0.863)),
        ([opened("1", NOON + HOUR), clicked("2", NOON + HOUR - SECOND, agent=None)], (0.5, 0.863)),
        ([clicked(f"{n}", NOON + HOUR + n * SECOND, f"https://example.org/{n}") for n in range(2)], (0, 2 * 0.137)),
        ([clicked(f"{n}", NOON + HOUR + n * SECOND, f"https://example.org/{n}") for n in range(3)], (0, 0.03)),
        ([opened("1", NOON + SECOND, message_id="n")], (0.5, 0)),
    ],
)
def test_each_act_is_judged_by_what_else_is_known_of_its_message(
    arrivals: list[Arrival], expected: tuple[float, float]
) -> None:
    email = profile_of(delivered(), *arrivals)["email"]
    assert (email["opens_human"], email["clicks_human"]) == expected


def test_an_open_that_was_taken_back_is_none() -> None:
    gone = said("interaction.retracted", "r", retracts={"source": "team/a", "id": "1"})
    assert humans(folded(opened("1", NOON, CHROME), gone)) == (0, 0)


def test_what_has_settled_stays_as_it_was_judged() -> None:
    arrivals = [
        delivered(),
        opened("1", NOON + SECOND, APPLE),
        clicked("2", NOON + HOUR),
        gift("3", 5, NOON + 2 * HOUR),
    ]
    kept = folded(*arrivals)
    settled, _ = fold(kept, [later(WEEK + 1)])
    assert not any(isinstance(fact.detail, Deed) for fact in settled.facts.values())
    assert humans(settled) == humans(kept)
    assert settled.settled.echoes == ()


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


def test_a_scan_that_has_settled_still_speaks_of_a_click_just_after_it() -> None:
    scan = [clicked(f"{number}", NOON + HOUR + number * SECOND, f"https://example.org/{number}") for number in range(5)]
    late = appended(NOON + WEEK, clicked("9", NOON + HOUR + 25 * SECOND, "https://example.org/0"))
    told = humans(folded(delivered(), *scan, late))
    assert told[1] < 0.5
    echoing = folded(delivered(), *scan, late, later(WEEK + 1))
    assert len(echoing.settled.echoes) == 6
    assert humans(echoing) == told


def test_what_settles_without_an_act_that_waits_for_it_leaves_no_echo() -> None:
    other = appended(NOON + WEEK, opened("1", NOON + SECOND, message_id="n"))
    before = appended(NOON + WEEK, clicked("3", NOON + 2 * HOUR))
    known = folded(delivered(), clicked("2", NOON + HOUR), other, before, later(WEEK + 1))
    assert [fact.type for fact in known.settled.echoes] == ["email.delivered"]


def test_parts_merge_into_what_was_known_at_once_and_settle_so() -> None:
    arrivals = [
        delivered(),
        opened("1", NOON + SECOND, APPLE),
        clicked("2", NOON + HOUR),
        gift("3", 5, NOON + 2 * HOUR),
    ]
    whole = folded(*arrivals, later(WEEK + 1))
    for one, *others in permutations(arrivals):
        merged = merge(folded(one), folded(*others))
        assert humans(merged) == humans(whole)
        assert humans(fold(merged, [later(WEEK + 1)])[0]) == humans(whole)
