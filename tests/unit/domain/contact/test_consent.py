"""Consent, stops and pressure."""

import pytest
from pydantic import ValidationError

from events.identity_links import CanonicalId, CommandStamp
from events.json_types import JSON
from events.outputs import Stops
from events.times import render_time
from streams.demo.recount_stops import suppressions
from streams.domain.contact import ContactState, FoldOutcome, fold, profile
from streams.domain.contact.identity.identity_assignment import moved
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.identity.inactivity import judged
from streams.domain.contact.publication.suppressed_channels import closed_channels_of, render
from streams.domain.contact.state import Consent, ConsentTerms, ErasureIfInactive, Fact
from tests.unit.domain.contact.said import (
    DAY,
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


def consent(*arrivals: Arrival) -> dict[str, bool]:
    return {str(channel): yes for channel, yes in profile_of(*arrivals)["consent"].items()}


def changed(id_: str, channel: str, *, granted: bool, time: int = NOON) -> Arrival:
    return said("consent.changed", id_, time, channel=channel, granted=granted)


def test_a_complaint_is_never_lifted() -> None:
    known = profile_of(said("email.complained", "1"), changed("2", "all", granted=True, time=NOON + HOUR))
    assert (known["consent"]["email"], known["email"]["subscribed"], known["consent"]["text"]) == (False, False, True)


def test_the_ledger_has_every_word_with_what_was_said_along_with_it() -> None:
    terms: dict[str, JSON] = {
        "purpose": "online_ads",
        "controller": "list-2026",
        "wording": "form-7/v3",
        "proof": "scan:1",
    }
    known = profile_of(
        said("consent.changed", "1", channel="all", granted=True, basis="consent", **terms),
        said("email.unsubscribed", "2", NOON + HOUR, list_id="news"),
        said("consent.changed", "3", NOON + 2 * HOUR, channel="text", granted=False, sender="62012"),
    )
    said_by = {"source": "team/a", "granted": False}
    assert known["consent_ledger"] == [
        {
            "type": "consent.changed",
            "channel": "all",
            "granted": True,
            "at": "2012-03-01T12:00:00.000Z",
            "source": "team/a",
            "id": "1",
            **terms,
            "basis": "consent",
        },
        {
            "type": "email.unsubscribed",
            "channel": "email",
            "at": "2012-03-01T13:00:00.000Z",
            **said_by,
            "id": "2",
            "list_id": "news",
        },
        {
            "type": "consent.changed",
            "channel": "text",
            "at": "2012-03-01T14:00:00.000Z",
            **said_by,
            "id": "3",
            "sender": "62012",
        },
    ]


@pytest.mark.parametrize("name", ["purpose", "controller", "wording", "proof"])
@pytest.mark.parametrize("text", ["", "ada@example.org", "by phone", "x" * 129, "+33612345678"])
def test_terms_are_labels_in_which_no_address_fits(name: str, text: str) -> None:
    with pytest.raises(ValidationError):
        said("consent.changed", "1", channel="email", granted=True, **{name: text})


EACH = ("email", "text", "phone", "door", "letter")


def stops(*arrivals: Arrival) -> Stops:
    return profile_of(*arrivals)["stops"]


def reasons(*arrivals: Arrival) -> dict[str, tuple[str, str]]:
    """Of what is closed as a whole: why, and the id of the word."""
    found = {name: stop for name, stop in stops(*arrivals).items() if name not in ("lists", "senders")}
    return {name: (str(stop["reason"]), str(stop["id"])) for name, stop in found.items()}  # type: ignore[index]


def said_of(id_: str, granted: bool, time: int = NOON, channel: str = "email", **data: JSON) -> Arrival:
    return said("consent.changed", id_, time, channel=channel, granted=granted, **data)


def suppressed(id_: str = "s", time: int = NOON, **data: JSON) -> Arrival:
    return said("contact.suppressed", id_, time, **data)


@pytest.mark.parametrize(
    ("arrival", "closed"),
    [
        (said("email.unsubscribed"), {"email": ("unsubscribed", "1")}),
        (said("email.complained"), {"email": ("complained", "1")}),
        (said("text.opted_out"), {"text": ("opted_out", "1")}),
        (said_of("1", granted=False, channel="door"), {"door": ("consent_withdrawn", "1")}),
        (said_of("1", granted=False, channel="all"), dict.fromkeys(EACH, ("consent_withdrawn", "1"))),
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
    assert reasons(*no, said_of("3", granted=True, time=NOON + HOUR, channel="all")) == {"all": ("deceased", "1")}
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


GIFT = Fact("form.submitted", NOON, "team/a", "1", NOON)


def erasure(since: int, time: int = NOON + DAY) -> ErasureIfInactive:
    return ErasureIfInactive("contact.erased_if_inactive", time, "office/desk", "erase", NOON + DAY, since=since)


def erase(state: ContactState, command: Fact) -> tuple[ContactState, FoldOutcome]:
    after, [outcome] = fold(state, [judged(command, "c1", state, {})])
    return after, outcome


def test_a_time_that_had_not_come_when_it_was_decided_erases_nobody() -> None:
    """What is in the topic already, of a version before: by it nothing would count until that time had come."""
    known = fold(ContactState(), [GIFT])[0]
    for since in (NOON + DAY, NOON + 99 * DAY):
        assert erase(known, erasure(since)) == (known, FoldOutcome.IN_VAIN)
    assert erase(known, erasure(NOON + HOUR))[1] is FoldOutcome.APPLIED


YES = Consent("all", granted=True, terms=ConsentTerms(basis="legitimate_interest"))
ERASED = Erasure(NOON + HOUR, "office/desk", "old")


def test_who_was_erased_later_than_they_acted_and_began_anew_by_the_word_of_others_is_erased_again() -> None:
    """Their gift is of before the time that the command names, under a name that the erasure did not reach."""
    place = IdentityStatus(told=6, swept=5, marks=True, erased=ERASED, parts=("b",), linked=True)
    yes = Fact("consent.changed", NOON + 2 * HOUR, "a/supplier", "2", NOON + 2 * HOUR, detail=YES)
    known = fold(ContactState(place=place), [yes])[0]
    other = fold(ContactState(place=IdentityStatus(told=7, roof="c1", linked=True)), [GIFT])[0]
    command = judged(erasure(NOON), "c1", known, {"b": other})
    after, [outcome] = fold(known, [command])
    assert (outcome, after.facts) == (FoldOutcome.APPLIED, {})
    assert after.place is not None
    assert after.place.erased == Erasure(ERASED.time + 1, "office/desk", "erase")


def test_a_part_that_was_erased_later_than_the_command_says_and_began_anew_goes_with_the_person() -> None:
    yes = Fact("consent.changed", NOON + 2 * HOUR, "a/supplier", "2", NOON + 2 * HOUR, detail=YES)
    apart = ContactState(place=IdentityStatus(told=5, swept=5, marks=True, erased=ERASED, roof="c1", linked=True))
    part = fold(apart, [yes])[0]
    known = fold(ContactState(), [GIFT])[0]
    command = judged(erasure(NOON), "c1", known, {"b": part})
    stamp = CommandStamp(command.time, command.source, command.id)
    assert part.facts
    assert not moved(part, "b", 9, CanonicalId("c1", 9, stamp)).facts


def sent(id_: str, time: int = NOON, purpose: str = "fundraising") -> Arrival:
    return said("email.sent", id_, time, message_id=id_, purpose=purpose)


@pytest.mark.parametrize(
    ("arrival", "points"),
    [
        (report("1", method="door"), {"door": 3000}),
        (report("1", method="phone"), {"phone": 2000}),
        (report("1", method="text"), {"text": 1500}),
        (said("text.sent", message_id="m"), {"text": 1500}),
        (report("1", method="letter"), {"letter": 500}),
        (sent("1"), {"email": 1000}),
        (sent("1", purpose="transactional"), {"email": 0}),
    ],
)
def test_each_channel_has_its_cost(arrival: Arrival, points: dict[str, int]) -> None:
    assert profile_of(arrival)["pressure"] == {"points": points, "as_of": "2012-03-01T12:00:00.000Z"}


@pytest.mark.parametrize(
    ("age", "left"),
    [
        (28 * DAY, 188),  # 187.5 goes up
        (DAY, 2717),  # 2717.17
        (HOUR // 60, 3000),  # 2999.79
        (84 * HOUR, 2121),  # half a week: 3000 / √2 = 2121.32
    ],
)
def test_what_a_touch_costs_is_halved_every_week_and_rounded(age: int, left: int) -> None:
    known = profile_of(report("1", NOON - age), sent("2"))["pressure"]
    assert known["points"] == {"door": left, "email": 1000}
