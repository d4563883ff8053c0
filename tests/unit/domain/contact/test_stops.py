"""What touched a person, what is closed to them, and which word opens it again."""

from collections.abc import Sequence

import pytest

from events.json_types import JSON
from events.outputs import ContactProfile, Stops
from events.times import render_time
from streams.demo.recount_stops import suppressions
from streams.domain.contact import ContactState, fold, profile
from streams.domain.contact.publication.suppressed_channels import closed_channels_of, render
from tests.unit.domain.contact.said import (
    DAY,
    DONOR,
    HOUR,
    NOON,
    Arrival,
    appended,
    by,
    folded,
    later,
    profile_of,
    recounted,
    report,
    retracted,
    said,
)
from tests.unit.domain.contact.said import retracted as taken_back

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


# A touch reached into a person's day: which interactions show one, which take it away, and when it is forgotten.
WEEK = 7 * DAY
MONTH = 30 * DAY


def sent(id_: str = "1", time: int = NOON, message: str = "m", **data: JSON) -> Arrival:
    return said("email.sent", id_, time, message_id=message, **data)


def bounced(id_: str, kind: str = "hard", message: str = "m") -> Arrival:
    return said("email.bounced", id_, message_id=message, kind=kind)


def ids(known: ContactProfile) -> list[str]:
    return [touch["id"] for touch in known["touches"]]


def after(*arrivals: Arrival) -> ContactProfile:
    """The profile of arrivals that come in this order."""
    return profile(DONOR, folded(*arrivals))


@pytest.mark.parametrize(
    ("type_", "channel"),
    [("email.sent", "email"), ("email.delivered", "email"), ("text.sent", "text"), ("text.delivered", "text")],
)
def test_a_message_is_shown_by_sent_or_delivered(type_: str, channel: str) -> None:
    message = by("digital/mailer", said(type_, message_id="m", purpose="fundraising"))
    assert profile_of(message)["touches"] == [
        {
            "channel": channel,
            "purpose": "fundraising",
            "at": "2012-03-01T12:00:00.000Z",
            "team": "digital",
            "source": "digital/mailer",
            "id": "1",
        }
    ]


@pytest.mark.parametrize("method", ["door", "phone", "text", "letter"])
@pytest.mark.parametrize(
    ("outcome", "reached"),
    [
        *((outcome, True) for outcome in ("contacted", "refused", "left_message", "language_barrier")),
        *((outcome, False) for outcome in ("not_home", "lit_drop", "wrong_number", "deceased", "do_not_contact")),
        *((outcome, False) for outcome in ("moved", "inaccessible", "other", "no_answer", "busy", "disconnected")),
    ],
)
def test_a_canvass_report_is_a_touch_if_somebody_was_reached(method: str, outcome: str, reached: bool) -> None:
    touches = profile_of(report("1", method=method, outcome=outcome))["touches"]
    assert [(touch["channel"], touch["purpose"]) for touch in touches] == [(method, "informational")] * reached


@pytest.mark.parametrize("method", ["door", "letter"])
def test_a_day_of_doors_and_letters_ends_at_midnight_in_utc(method: str) -> None:
    last, next_ = (report(id_, NOON + at, method=method) for id_, at in (("1", 12 * HOUR - 1), ("2", 12 * HOUR)))
    assert ids(profile_of(report("3", NOON - 12 * HOUR, method=method), last)) == ["3"]
    assert ids(profile_of(last, next_)) == ["2", "1"]
    assert ids(profile_of(report("3", NOON, method=method), last, taken_back("3"))) == ["1"]


def test_a_touch_is_listed_until_thirty_days_before_the_latest() -> None:
    at_the_edge, beyond = sent("1", NOON - MONTH, "a"), sent("2", NOON - MONTH - 1, "b")
    assert ids(profile_of(sent("3"), at_the_edge, beyond)) == ["3", "1"]


@pytest.mark.parametrize("old", [sent("old", NOON - 2 * MONTH, "n"), report("old", NOON - 2 * MONTH)])
def test_a_touch_is_forgotten_once_a_later_one_was_known_for_a_week(old: Arrival) -> None:
    new, undone = report("new", method="phone"), appended(NOON + WEEK + 1, taken_back("new"))
    assert ids(after(old, new, undone)) == []
    assert ids(after(old, new, undone, appended(NOON + 2 * WEEK, sent("3", NOON - MONTH, "k")))) == ["3"]


@pytest.mark.parametrize("old", [sent("old", NOON - 2 * MONTH, "n"), report("old", NOON - 2 * MONTH)])
def test_a_touch_stays_forgotten_when_the_later_message_comes_back_after_all(old: Arrival) -> None:
    in_time, too_late = (appended(NOON + at, bounced("b")) for at in (WEEK, WEEK + 1))
    assert ids(after(old, sent("new"), in_time, later(3 * WEEK))) == ["old"]
    assert ids(after(old, sent("new"), too_late, later(3 * WEEK))) == []


def test_what_is_left_of_messages_has_an_end() -> None:
    old: Sequence[Arrival] = [sent(f"{n}", NOON - 2 * MONTH, f"m{n}") for n in range(9)]
    lost = said("email.bounced", "b", NOON - 2 * MONTH, message_id="k", kind="hard")
    state = folded(*old, lost, sent("new"), later(WEEK + 1))
    assert [mailing.message_id for mailing in state.settled.mailings] == ["m"]
    assert state.settled.horizon == NOON - MONTH
