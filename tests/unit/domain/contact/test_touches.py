"""A touch reached into a person's day: which interactions show one, which take it away, and when it is forgotten."""

from collections.abc import Sequence

import pytest

from events.json_types import JSON
from events.outputs import ContactProfile
from streams.domain.contact import profile
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
    report,
    said,
)
from tests.unit.domain.contact.said import retracted as taken_back

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
