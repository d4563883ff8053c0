"""`consent` and `email.subscribed`: the latest word on a channel, and no in doubt."""

import pytest
from pydantic import ValidationError

from events.json_types import JSON
from tests.unit.domain.contact.said import HOUR, NOON, Arrival, profile_of, retracted, said


def consent(*arrivals: Arrival) -> dict[str, bool]:
    return {str(channel): yes for channel, yes in profile_of(*arrivals)["consent"].items()}


def changed(id_: str, channel: str, *, granted: bool, time: int = NOON) -> Arrival:
    return said("consent.changed", id_, time, channel=channel, granted=granted)


def test_nothing_heard_is_subscribed_and_no_consent() -> None:
    known = profile_of(said("email.sent", message_id="m"))
    assert (known["consent"], known["email"]["subscribed"]) == ({}, True)


@pytest.mark.parametrize("kind", ["email.unsubscribed", "email.complained"])
def test_an_unsubscribe_and_a_complaint_close_email(kind: str) -> None:
    known = profile_of(said(kind))
    assert (known["consent"], known["email"]["subscribed"]) == ({"email": False}, False)


def test_a_stop_closes_text() -> None:
    known = profile_of(said("text.opted_out"))
    assert (known["consent"], known["email"]["subscribed"]) == ({"text": False}, True)


@pytest.mark.parametrize("channel", ["email", "text", "phone", "door", "letter"])
def test_a_change_is_of_its_channel(channel: str) -> None:
    assert consent(changed("1", channel, granted=True)) == {channel: True}
    assert consent(changed("1", channel, granted=False)) == {channel: False}


def test_a_change_of_all_is_of_every_channel() -> None:
    assert consent(changed("1", "all", granted=False), changed("2", "door", granted=True, time=NOON + 1)) == {
        "email": False,
        "text": False,
        "phone": False,
        "door": True,
        "letter": False,
    }


def test_a_later_grant_lifts_an_unsubscribe_and_a_stop() -> None:
    assert consent(
        said("email.unsubscribed", "1"),
        said("text.opted_out", "2"),
        changed("3", "email", granted=True, time=NOON + 1),
        changed("4", "all", granted=True, time=NOON + 2),
    ) == dict.fromkeys(["email", "text", "phone", "door", "letter"], True)


def test_an_earlier_grant_lifts_nothing() -> None:
    assert consent(said("email.unsubscribed", "1"), changed("2", "email", granted=True, time=NOON - 1)) == {
        "email": False
    }


def test_equal_times_refuse() -> None:
    refused, granted = changed("1", "phone", granted=False), changed("2", "phone", granted=True)
    assert consent(refused, granted) == {"phone": False}
    assert consent(changed("3", "phone", granted=False), granted) == {"phone": False}


def test_a_complaint_is_never_lifted() -> None:
    known = profile_of(said("email.complained", "1"), changed("2", "all", granted=True, time=NOON + HOUR))
    assert (known["consent"]["email"], known["email"]["subscribed"], known["consent"]["text"]) == (False, False, True)


def test_a_retracted_complaint_was_never_made() -> None:
    later = changed("2", "email", granted=True, time=NOON + HOUR)
    assert consent(said("email.complained", "1"), later, retracted("1")) == {"email": True}


def test_a_word_on_one_list_or_sender_leaves_the_channel_as_it_is() -> None:
    known = profile_of(
        said("email.unsubscribed", "1", list_id="l"),
        said("email.complained", "2", list_id="l"),
        said("text.opted_out", "3", sender="+1"),
        said("consent.changed", "4", channel="email", granted=False, list_id="l"),
        said("consent.changed", "5", channel="all", granted=False, sender="+1"),
    )
    assert (known["consent"], known["email"]["subscribed"]) == ({}, True)


def test_a_retracted_unsubscribe_leaves_what_was_said_before() -> None:
    before = changed("1", "email", granted=True, time=NOON - HOUR)
    assert consent(before, said("email.unsubscribed", "2"), retracted("2")) == {"email": True}


def test_a_word_on_one_purpose_leaves_the_channel_as_it_is() -> None:
    unsubscribed = said("email.unsubscribed", "1", NOON)
    yes = said("consent.changed", "2", NOON + HOUR, channel="email", granted=True, purpose="fundraising")
    no = said("consent.changed", "3", NOON + HOUR, channel="text", granted=False, purpose="fundraising")
    assert consent(unsubscribed, yes, no) == {"email": False}
    assert profile_of(no)["stops"] == profile_of(said("rsvp.made", event_id="e"))["stops"]


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


def test_a_basis_that_may_hold_an_address_is_not_shown() -> None:
    [word] = profile_of(
        said("consent.changed", "1", channel="door", granted=True, basis="ada@example.org said so"),
    )["consent_ledger"]
    assert "basis" not in word


def test_who_has_said_nothing_has_no_ledger() -> None:
    word = changed("1", "email", granted=True)
    assert "consent_ledger" not in profile_of(said("rsvp.made", event_id="e"))
    assert "consent_ledger" not in profile_of(word, retracted("1"))


@pytest.mark.parametrize("name", ["purpose", "controller", "wording", "proof"])
@pytest.mark.parametrize("text", ["", "ada@example.org", "by phone", "x" * 129, "+33612345678"])
def test_terms_are_labels_in_which_no_address_fits(name: str, text: str) -> None:
    with pytest.raises(ValidationError):
        said("consent.changed", "1", channel="email", granted=True, **{name: text})
