"""`opens_human` and `clicks_human`: what is kept for them, and that settling freezes what was known."""

import pytest

from streams.domain.contact import ContactState, decode, encode, profile
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
    later,
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
