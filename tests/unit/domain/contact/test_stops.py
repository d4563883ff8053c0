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

AT = "2012-03-01T12:00:00.000Z"
EACH = ("email", "text", "phone", "door", "letter")


def stops(*arrivals: Arrival) -> Stops:
    return profile_of(*arrivals)["stops"]


def reasons(*arrivals: Arrival) -> dict[str, tuple[str, str]]:
    """Of what is closed as a whole: why, and the id of the word."""
    found = {name: stop for name, stop in stops(*arrivals).items() if name not in ("lists", "senders")}
    return {name: (str(stop["reason"]), str(stop["id"])) for name, stop in found.items()}  # type: ignore[index]


def names(known: Stops) -> tuple[list[str], list[str]]:
    """The lists and the senders that are closed."""
    return sorted(known["lists"]), sorted(known["senders"])


def changed(id_: str, granted: bool, time: int = NOON, channel: str = "email", **data: JSON) -> Arrival:
    return said("consent.changed", id_, time, channel=channel, granted=granted, **data)


def suppressed(id_: str = "s", time: int = NOON, **data: JSON) -> Arrival:
    return said("contact.suppressed", id_, time, **data)


def test_nothing_is_closed_of_whom_nothing_was_heard() -> None:
    assert stops() == stops(changed("1", granted=True)) == {"lists": {}, "senders": {}}


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


def test_a_stop_names_the_word_that_closed() -> None:
    assert stops(said("text.opted_out"))["text"] == {"reason": "opted_out", "at": AT, "source": "team/a", "id": "1"}


@pytest.mark.parametrize(("time", "open_again"), [(NOON - 1, False), (NOON, False), (NOON + 1, True)])
def test_a_later_yes_opens_and_an_equal_or_earlier_one_does_not(time: int, open_again: bool) -> None:
    closed = reasons(said("email.unsubscribed"), changed("2", granted=True, time=time))
    assert closed == ({} if open_again else {"email": ("unsubscribed", "1")})


def test_the_latest_no_is_shown_of_those_that_bind() -> None:
    no = [said("email.unsubscribed", "1"), changed("3", granted=False, time=NOON + HOUR, channel="all")]
    assert reasons(*no)["email"] == ("consent_withdrawn", "3")
    assert reasons(*no, said("email.unsubscribed", "4", NOON + HOUR))["email"] == ("unsubscribed", "4")
    assert reasons(*no, retracted("3"))["email"] == ("unsubscribed", "1")


def test_a_complaint_is_never_lifted_and_stays_the_one_that_is_shown() -> None:
    arrivals = [
        said("email.complained", "1"),
        changed("2", granted=True, time=NOON + HOUR),
        said("email.unsubscribed", "3", NOON + 2 * HOUR),
    ]
    assert reasons(*arrivals) == {"email": ("complained", "1")}
    assert reasons(*arrivals, said("email.complained", "0", NOON + 3 * HOUR)) == {"email": ("complained", "0")}
    assert reasons(*arrivals, retracted("1")) == {"email": ("unsubscribed", "3")}


def test_one_list_or_sender_closes_no_channel() -> None:
    known = profile_of(said("email.unsubscribed", "1", list_id="l"), said("text.opted_out", "2", sender="s"))
    assert known["consent"] == {}
    stop = {"at": AT, "source": "team/a"}
    assert known["stops"] == {
        "lists": {"l": {"reason": "unsubscribed", "id": "1", **stop}},
        "senders": {"s": {"reason": "opted_out", "id": "2", **stop}},
    }


def test_only_a_yes_that_names_it_opens_a_list_or_sender() -> None:
    no = [said("email.unsubscribed", "1", list_id="l"), said("text.opted_out", "2", sender="s")]
    later = NOON + HOUR
    whole = stops(*no, changed("3", granted=True, time=later, channel="all"))
    assert names(whole) == (["l"], ["s"])
    other = stops(*no, changed("3", granted=True, time=later, list_id="k", sender="t"))
    assert names(other) == (["l"], ["s"])
    named = stops(*no, changed("3", granted=True, time=later, list_id="l"))
    assert names(named) == ([], ["s"])


@pytest.mark.parametrize("id_", ["2", "4"])
def test_of_refusals_at_the_time_of_a_grant_the_larger_source_and_id_is_shown(id_: str) -> None:
    told = [changed("1", granted=False), changed(id_, granted=True), changed("3", granted=False)]
    assert reasons(*told) == {"email": ("consent_withdrawn", "3")}
    assert reasons(*told, retracted("3")) == {"email": ("consent_withdrawn", "1")}


def test_a_no_to_a_whole_channel_closes_no_list_and_a_yes_to_a_list_opens_no_channel() -> None:
    no, yes = said("email.unsubscribed"), changed("2", granted=True, time=NOON + HOUR, list_id="l")
    assert reasons(no, yes) == {"email": ("unsubscribed", "1")}
    assert names(stops(no, yes)) == ([], [])


def test_a_word_that_names_both_changes_both() -> None:
    no = changed("1", granted=False, list_id="l", sender="s")
    assert names(stops(no)) == (["l"], ["s"])
    yes = changed("2", granted=True, time=NOON + 1, list_id="l", sender="s")
    assert stops(no, yes) == {"lists": {}, "senders": {}}


def test_a_complaint_about_a_list_is_never_lifted_and_closes_the_list_alone() -> None:
    known = stops(said("email.complained", "1", list_id="l"), changed("2", granted=True, time=NOON + 1, list_id="l"))
    assert (known["lists"]["l"]["reason"], sorted(known)) == ("complained", ["lists", "senders"])


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


def test_only_the_version_of_a_report_that_counts_closes() -> None:
    first, second = report("1", report_id="r"), report("2", NOON + 1, report_id="r", outcome="deceased")
    assert reasons(first, second) == {}
    assert reasons(first, second, retracted("1")) == {"all": ("deceased", "2")}


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


def test_a_word_of_one_fragment_binds_the_whole_person() -> None:
    person = [folded(said("text.opted_out")), folded(retracted("1"), suppressed()), ContactState()]
    assert [each.reason for each in closed_channels_of(person)] == ["suppressed"]


def test_a_suppression_alone_is_a_stop_of_somebody_of_whom_nothing_was_heard() -> None:
    state, _ = fold(ContactState(), [suppressed().fact()])
    assert profile(DONOR, state)["stops"]["all"]["reason"] == "suppressed"
    assert profile(DONOR, state)["counts"] == {}


EVER, LATER = suppressed("ever", NOON), NOON + HOUR


def until(ms: int, id_: str = "until", time: int = LATER) -> Arrival:
    return suppressed(id_, time, until=render_time(ms))


def test_a_suppression_that_ends_before_it_begins_closes_and_lifts_nothing() -> None:
    assert reasons(until(LATER - 1)) == {}
    assert reasons(EVER, until(LATER - 1)) == {"all": ("suppressed", "ever")}


def test_a_suppression_that_ends_as_it_begins_lifts_those_before_it_and_none_after() -> None:
    lift = until(LATER, "lift")
    assert reasons(EVER, lift) == reasons(EVER, until(NOON + 9 * HOUR, time=NOON + 1), lift) == {}
    assert reasons(EVER, lift, suppressed("again", LATER + 1)) == {"all": ("suppressed", "again")}
    assert reasons(EVER, lift, retracted("lift")) == {"all": ("suppressed", "ever")}


def test_lifting_a_suppression_opens_nothing_that_was_closed_by_another_word() -> None:
    assert reasons(EVER, said("text.opted_out"), until(LATER)) == {"text": ("opted_out", "1")}
    assert reasons(EVER, report("1", outcome="deceased"), until(LATER)) == {"all": ("deceased", "1")}


def test_what_was_lifted_for_one_identifier_is_lifted_for_the_person() -> None:
    person = [folded(EVER), folded(until(LATER)), ContactState()]
    assert closed_channels_of(person) == ()
