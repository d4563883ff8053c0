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


def later(at: int, id_: str = "later") -> Arrival:
    """Something of no interest that is appended `at` after noon."""
    return appended(NOON + at, said("text.replied", id_, NOON - DAY))


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


@pytest.mark.parametrize("type_", ["email.opened", "email.clicked", "email.deferred", "text.replied", "text.failed"])
def test_nothing_else_of_a_message_shows_it(type_: str) -> None:
    assert profile_of(said(type_, message_id="m"))["touches"] == []


def test_a_message_is_shown_by_the_earliest_word_of_it() -> None:
    known = profile_of(
        sent("2", NOON, team="field", purpose="mobilisation"),
        said("email.delivered", "1", NOON, message_id="m", team="digital"),
        sent("0", NOON + 1),
    )
    [touch] = known["touches"]
    assert (touch["id"], touch["team"], touch["purpose"]) == ("1", "digital", "informational")


def test_equal_message_ids_on_two_channels_are_two_messages() -> None:
    known = profile_of(sent(), said("text.sent", "2", message_id="m"), said("text.failed", "3", message_id="m"))
    assert ids(known) == ["1"]


@pytest.mark.parametrize(
    "end",
    [
        bounced("2", "hard"),
        bounced("2", "soft"),
        said("email.dropped", "2", NOON - DAY, message_id="m"),
    ],
)
def test_a_message_that_came_back_touched_nobody(end: Arrival) -> None:
    delivered = said("email.delivered", "3", NOON + HOUR, message_id="m")
    assert ids(profile_of(sent(), delivered, end)) == []
    assert ids(profile_of(sent(), delivered, end, taken_back("2"))) == ["1"]


def test_a_text_that_failed_touched_nobody_and_neither_did_a_retracted_message() -> None:
    text, failed = said("text.sent", message_id="m"), said("text.failed", "2", NOON - DAY, message_id="m")
    assert ids(profile_of(text, failed)) == []
    assert ids(profile_of(text, failed, taken_back("2"))) == ["1"]
    assert ids(profile_of(text, taken_back("1"))) == []


def test_a_deferred_message_is_a_touch() -> None:
    assert ids(profile_of(sent(), said("email.deferred", "2", message_id="m"))) == ["1"]


@pytest.mark.parametrize("method", ["door", "phone", "text", "letter"])
@pytest.mark.parametrize(
    ("outcome", "reached"),
    [
        ("contacted", True),
        ("refused", True),
        ("left_message", True),
        ("language_barrier", True),
        ("not_home", False),
        ("lit_drop", False),
        ("wrong_number", False),
        ("deceased", False),
        ("do_not_contact", False),
        *((outcome, False) for outcome in ("moved", "inaccessible", "other", "no_answer", "busy", "disconnected")),
    ],
)
def test_a_canvass_report_is_a_touch_if_somebody_was_reached(method: str, outcome: str, reached: bool) -> None:
    touches = profile_of(report("1", method=method, outcome=outcome))["touches"]
    assert [(touch["channel"], touch["purpose"]) for touch in touches] == [(method, "informational")] * reached


def test_a_friend_is_no_touch() -> None:
    assert profile_of(report("1", method="relational"))["touches"] == []


@pytest.mark.parametrize(("method", "count"), [("door", 1), ("letter", 1), ("phone", 2), ("text", 2)])
def test_door_and_letter_are_one_a_day(method: str, count: int) -> None:
    known = profile_of(report("2", NOON, method=method), report("1", NOON + HOUR, method=method))
    assert ids(known) == ["1", "2"][-count:]
    assert len(profile_of(report("2", NOON, method=method), report("1", NOON + DAY, method=method))["touches"]) == 2


@pytest.mark.parametrize("method", ["door", "letter"])
def test_a_day_of_doors_and_letters_ends_at_midnight_in_utc(method: str) -> None:
    last, next_ = (report(id_, NOON + at, method=method) for id_, at in (("1", 12 * HOUR - 1), ("2", 12 * HOUR)))
    assert ids(profile_of(report("3", NOON - 12 * HOUR, method=method), last)) == ["3"]
    assert ids(profile_of(last, next_)) == ["2", "1"]
    assert ids(profile_of(report("3", NOON, method=method), last, taken_back("3"))) == ["1"]


def test_of_versions_of_a_report_the_one_that_counts_is_the_touch() -> None:
    known = profile_of(
        report("1", NOON, report_id="r", method="phone", outcome="not_home"),
        report("2", NOON + 1, report_id="r", method="phone"),
    )
    assert known["touches"] == []


def test_newest_first_and_of_equal_times_the_larger_source_and_id() -> None:
    known = profile_of(
        by("b", report("1", method="phone")),
        by("a", report("2", method="phone")),
        by("a", report("3", method="phone")),
        report("0", NOON + 1, method="phone"),
    )
    assert [(touch["source"], touch["id"]) for touch in known["touches"]] == [
        ("team/a", "0"),
        ("b", "1"),
        ("a", "3"),
        ("a", "2"),
    ]


def test_a_touch_is_listed_until_thirty_days_before_the_latest() -> None:
    at_the_edge, beyond = sent("1", NOON - MONTH, "a"), sent("2", NOON - MONTH - 1, "b")
    assert ids(profile_of(sent("3"), at_the_edge, beyond)) == ["3", "1"]


def test_a_listed_touch_is_shown_again_when_the_later_one_is_taken_back_within_a_week() -> None:
    old, new = report("old", NOON - 2 * MONTH), report("new")
    assert ids(after(old, new, appended(NOON + WEEK, taken_back("new")), later(3 * WEEK))) == ["old"]


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


def test_a_bounce_takes_a_message_back_that_has_settled() -> None:
    settled = [sent("1"), later(WEEK + 1)]
    assert ids(after(*settled)) == ["1"]
    assert ids(after(*settled, appended(NOON + WEEK + 1, bounced("2")))) == []
    assert ids(after(*settled, appended(NOON + WEEK + 1, bounced("2")), later(3 * WEEK, "end"))) == []


def test_a_message_is_not_shown_whose_bounce_has_settled() -> None:
    assert ids(after(bounced("2"), later(WEEK + 1), appended(NOON + WEEK + 2, sent("1")))) == []


def test_a_settled_touch_yields_to_an_earlier_word() -> None:
    settled = [sent("5", NOON, team="field"), later(WEEK + 1)]
    for id_, time, shown in [("4", NOON, "4"), ("6", NOON, "5"), ("6", NOON - 1, "6"), ("4", NOON + 1, "5")]:
        late = appended(NOON + WEEK + 2, said("email.delivered", id_, time, message_id="m"))
        assert ids(after(*settled, late)) == [shown]
        assert ids(after(*settled, late, later(3 * WEEK, "end"))) == [shown]


def test_what_is_left_of_messages_has_an_end() -> None:
    old: Sequence[Arrival] = [sent(f"{n}", NOON - 2 * MONTH, f"m{n}") for n in range(9)]
    lost = said("email.bounced", "b", NOON - 2 * MONTH, message_id="k", kind="hard")
    state = folded(*old, lost, sent("new"), later(WEEK + 1))
    assert [mailing.message_id for mailing in state.settled.mailings] == ["m"]
    assert state.settled.horizon == NOON - MONTH
