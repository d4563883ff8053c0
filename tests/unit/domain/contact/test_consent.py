"""`consent` and `email.subscribed`: the latest word on a channel, and no in doubt."""

import pytest
from pydantic import ValidationError

from events.json_types import JSON
from tests.unit.domain.contact.said import HOUR, NOON, Arrival, profile_of, said


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
