"""The oracle's human opens and clicks on cases worked out by hand from the table in `docs/human.md`."""

import pytest

from streams.demo.recount import CountedEvent, Profile, moment
from streams.demo.recount_humans import humans, kind_of
from streams.demo.truth import Fields
from streams.domain.human import agent_of
from tests.unit.domain.human.people import APPLE, CHROME, GMAIL, GMAIL_PREFETCH, IPHONE, OUTLOOK, SAFARI, YAHOO


def told(type_: str, time: str, fields: Fields | None = None, message_id: str = "m") -> CountedEvent:
    """`time`: minutes and seconds after noon."""
    about: Fields = {"message_id": message_id} if type_.startswith("email.") else {}
    return CountedEvent(
        moment(f"2012-02-22T12:{time}Z"), "app", f"{type_} {time}", type_, {}, {**about, **(fields or {})}
    )


def found(opens: float, clicks: float) -> Profile:
    return {"opens_human": opens, "clicks_human": clicks}


DELIVERED = told("email.delivered", "00:00")


def test_an_open_without_any_evidence_counts_half() -> None:
    assert humans([told("email.opened", "30:00")]) == found(0.5, 0)


def test_an_open_at_delivery_is_a_machines_unless_a_gift_follows() -> None:
    prefetched = told("email.opened", "00:05", {"user_agent": APPLE, "machine": True})
    assert humans([DELIVERED, prefetched]) == found(0.02, 0)  # -17
    assert humans([DELIVERED, prefetched, told("donation.made", "40:00", {"instalment": 1})]) == found(0.666, 0)  # +3
    assert humans([DELIVERED, prefetched, told("donation.made", "40:00", {"instalment": 2})]) == found(0.02, 0)
    assert humans([told("donation.made", "00:04"), DELIVERED, prefetched]) == found(0.02, 0)
    assert humans([DELIVERED, prefetched, told("text.replied", "40:00")]) == found(0.285, 0)  # -4


def test_a_click_speaks_for_itself_and_for_the_open_before_it() -> None:
    opened, clicked = told("email.opened", "20:00"), told("email.clicked", "21:00", {"url": "u"})
    assert humans([DELIVERED, opened, clicked]) == found(0.984, 0.863)  # 0 + 18 and 5 + 3
    assert humans([DELIVERED, told("email.opened", "22:00"), clicked]) == found(0.5, 0.863)


def test_a_link_scanner_counts_as_nobody() -> None:
    clicks = [
        told("email.clicked", f"20:0{second}", {"url": f"u{second}", "user_agent": CHROME}) for second in range(3)
    ]
    assert humans([DELIVERED, *clicks]) == found(0, 0.03)  # three times 5 + 5 - 30
    assert humans([DELIVERED, *clicks[:2]]) == found(0, 2 * 0.137)  # 5 + 5 - 18


def test_events_of_another_message_are_no_evidence_for_an_open() -> None:
    other = told("email.delivered", "20:00", message_id="n")
    assert humans([other, told("email.opened", "20:01"), told("email.clicked", "20:02", {}, "n")]) == found(0.5, 0.031)


@pytest.mark.parametrize(
    "user_agent",
    [None, "", APPLE, CHROME, GMAIL, GMAIL_PREFETCH, IPHONE, OUTLOOK, SAFARI, YAHOO, "curl/8.4.0", "new", "Barracuda"],
)
def test_the_oracle_and_the_score_read_the_same_kinds_in_user_agents(user_agent: str | None) -> None:
    assert kind_of(user_agent) == agent_of(user_agent).name.lower()
