"""What is closed, by which word, and which word opens it again."""

import pytest

from events.json_types import JSON
from events.outputs import Stops
from events.times import render_time
from streams.demo.recount_stops import suppressions
from streams.domain.contact import ContactState, fold, profile
from streams.domain.contact.publication.suppressed_channels import closed_channels_of, render
from tests.unit.domain.contact.said import (
    DONOR,
    HOUR,
    NOON,
    Arrival,
    folded,
    profile_of,
    recounted,
    report,
    retracted,
    said,
)

EACH = ("email", "text", "phone", "door", "letter")


def stops(*arrivals: Arrival) -> Stops:
    return profile_of(*arrivals)["stops"]


def reasons(*arrivals: Arrival) -> dict[str, tuple[str, str]]:
    """Of what is closed as a whole: why, and the id of the word."""
    found = {name: stop for name, stop in stops(*arrivals).items() if name not in ("lists", "senders")}
    return {name: (str(stop["reason"]), str(stop["id"])) for name, stop in found.items()}  # type: ignore[index]


def changed(id_: str, granted: bool, time: int = NOON, channel: str = "email", **data: JSON) -> Arrival:
    return said("consent.changed", id_, time, channel=channel, granted=granted, **data)


def suppressed(id_: str = "s", time: int = NOON, **data: JSON) -> Arrival:
    return said("contact.suppressed", id_, time, **data)


@pytest.mark.parametrize(
    ("arrival", "closed"),
    [
        (said("email.unsubscribed"), {"email": ("unsubscribed", "1")}),
        (said("email.complained"), {"email": ("complained", "1")}),
        (said("text.opted_out"), {"text": ("opted_out", "1")}),
        (changed("1", granted=False, channel="door"), {"door": ("consent_withdrawn", "1")}),
        (changed("1", granted=False, channel="all"), dict.fromkeys(EACH, ("consent_withdrawn", "1"))),
        (report("1", outcome="do_not_contact"), {"all": ("do_not_contact", "1")}),
        (report("1", outcome="deceased"), {"all": ("deceased", "1")}),
        (report("1", outcome="refused"), {}),
    ],
)
def test_each_word_has_its_reason(arrival: Arrival, closed: dict[str, tuple[str, str]]) -> None:
    assert reasons(arrival) == closed


def test_of_what_closes_everything_the_gravest_is_shown_and_of_equals_the_latest() -> None:
    no = [report("1", NOON + 2, outcome="do_not_contact"), suppressed("2", NOON + 3), suppressed("3", NOON)]
    assert reasons(no[1], no[2]) == {"all": ("suppressed", "2")}
    assert reasons(*no) == {"all": ("do_not_contact", "1")}
    assert reasons(*no, report("4", outcome="do_not_contact")) == {"all": ("do_not_contact", "1")}
    assert reasons(*no, report("5", outcome="deceased")) == {"all": ("deceased", "5")}


def test_a_suppression_says_until_when() -> None:
    known = stops(suppressed(until="2012-12-01T01:00:00+01:00"))["all"]
    assert known["until"] == "2012-12-01T00:00:00.000Z"
    assert "until" not in stops(suppressed())["all"]


def test_no_yes_lifts_what_closes_everything_and_a_retraction_does() -> None:
    no = [report("1", outcome="deceased"), suppressed("2")]
    assert reasons(*no, changed("3", granted=True, time=NOON + HOUR, channel="all")) == {"all": ("deceased", "1")}
    assert reasons(*no, retracted("1")) == {"all": ("suppressed", "2")}
    assert reasons(*no, retracted("1"), retracted("2", "r2")) == {}


@pytest.mark.parametrize(
    ("arrivals", "closed"),
    [
        ([said("email.opened", message_id="m"), report("2", outcome="refused")], {}),
        ([said("email.unsubscribed", list_id="l"), said("text.opted_out", "2", sender="s")], {}),
        ([said("text.opted_out")], {"text": "opted_out"}),
        ([said("text.opted_out"), suppressed()], {**dict.fromkeys(EACH, "suppressed"), "text": "opted_out"}),
        ([said("text.opted_out"), suppressed(), report("2", outcome="deceased")], dict.fromkeys(EACH, "deceased")),
        ([report("2", outcome="do_not_contact")], dict.fromkeys(EACH, "do_not_contact")),
        ([said("text.opted_out"), retracted("1")], {}),
    ],
)
def test_other_topics_are_told_which_channels_are_closed_to_everyone(
    arrivals: list[Arrival], closed: dict[str, str]
) -> None:
    told = render(closed_channels_of([folded(*arrivals)]))
    assert told == suppressions(recounted(*arrivals)["stops"])
    assert {channel: why["reason"] for channel, why in told.items()} == closed


def test_a_suppression_alone_is_a_stop_of_somebody_of_whom_nothing_was_heard() -> None:
    state, _ = fold(ContactState(), [suppressed().fact()])
    assert profile(DONOR, state)["stops"]["all"]["reason"] == "suppressed"
    assert profile(DONOR, state)["counts"] == {}


EVER, LATER = suppressed("ever", NOON), NOON + HOUR


def until(ms: int, id_: str = "until", time: int = LATER) -> Arrival:
    return suppressed(id_, time, until=render_time(ms))


def test_lifting_a_suppression_opens_nothing_that_was_closed_by_another_word() -> None:
    assert reasons(EVER, said("text.opted_out"), until(LATER)) == {"text": ("opted_out", "1")}
    assert reasons(EVER, report("1", outcome="deceased"), until(LATER)) == {"all": ("deceased", "1")}
