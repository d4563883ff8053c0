"""`counts`, `first_seen`, `last_seen`, and what is there when nothing is known."""

from events.outputs import ContactProfile
from streams.domain.contact import ContactState, profile
from tests.unit.domain.contact.said import DONOR, HOUR, NOON, SECOND, gift, profile_of, refund, report, retracted, said

EMPTY: dict[str, object] = {
    "contact_id": DONOR,
    "version": 3,
    "first_seen": None,
    "last_seen": None,
    "counts": {},
    "email": {
        "subscribed": True,
        "status": "ok",
        "last_opened_at": None,
        "last_clicked_at": None,
        "opens_human": 0,
        "clicks_human": 0,
    },
    "donations": {
        "count": 0,
        "gross": {},
        "refunded": {},
        "net": {},
        "first_at": None,
        "last_at": None,
        "pledges": [],
        "by_committee": {},
    },
    "canvass": {
        "attempts": 0,
        "contacts": 0,
        "last_at": None,
        "last_method": None,
        "last_outcome": None,
        "support": None,
        "support_at": None,
        "support_by": None,
        "answers": {},
    },
    "ballot": {},
    "tags": [],
    "experiments": [],
    "addresses": [],
    "zones": {"time_zone": None, "region": None, "postal_code": None},
    "touches": [],
    "stops": {"senders": {}, "lists": {}},
    "pressure": {"points": {}, "as_of": None},
    "consent": {},
    "merged_from": [],
}
"""What is known of nobody. Sections with a file of tests of their own need not be here."""


def test_a_contact_of_whom_nothing_is_known_has_every_key() -> None:
    nobody = profile(DONOR, ContactState(version=3))

    assert nobody.keys() == ContactProfile.__required_keys__
    assert {key: value for key, value in nobody.items() if key in EMPTY} == EMPTY


def test_interactions_are_counted_by_type() -> None:
    known = profile_of(
        said("email.sent", "1", message_id="m"),
        said("email.sent", "2", message_id="n"),
        said("form.submitted", "3", form_id="f"),
        said("rsvp.made", "4", event_id="e"),
    )
    assert known["counts"] == {"email.sent": 2, "form.submitted": 1, "rsvp.made": 1}


def test_first_and_last_seen_are_the_earliest_and_latest_time() -> None:
    known = profile_of(
        said("text.replied", "1", NOON),
        said("text.replied", "2", NOON - HOUR),
        said("text.replied", "3", NOON + SECOND + 7),
    )
    assert (known["first_seen"], known["last_seen"]) == ("2012-03-01T11:00:00.000Z", "2012-03-01T12:00:01.007Z")


def test_a_later_version_of_a_gift_is_counted_and_seen_and_nothing_else() -> None:
    known = profile_of(
        gift("1", 500, region="US-NY"),
        gift("2", 900, NOON + HOUR, donation_id="actblue:1", region="US-CA", committee="C9", pledge_id="p"),
    )
    assert known["counts"] == {"donation.made": 2}
    assert known["last_seen"] == "2012-03-01T13:00:00.000Z"
    assert known["zones"]["region"] == "US-NY"
    assert known["donations"] == profile_of(gift("1", 500))["donations"]


def test_a_later_version_of_a_refund_or_a_report_says_nothing_of_where_somebody_is() -> None:
    known = profile_of(
        refund("1", 5, region="US-NY"),
        refund("2", 5, NOON + HOUR, refund_id="1", region="US-CA"),
        report("3", report_id="r", postal_code="10001"),
        report("4", NOON + HOUR, report_id="r", postal_code="90001"),
    )
    assert known["zones"] == {"time_zone": None, "region": "US-NY", "postal_code": "10001"}


def test_a_retraction_is_neither_counted_nor_seen_nor_a_place() -> None:
    known = profile_of(gift("1", 500), refund("2", 500), retracted("2", region="US-CA"))
    assert known == profile_of(gift("1", 500))


def test_the_last_open_and_click_are_the_latest() -> None:
    known = profile_of(
        said("email.opened", "1", NOON, message_id="m"),
        said("email.opened", "2", NOON + HOUR, message_id="m", machine=True),
        said("email.clicked", "3", NOON - HOUR, message_id="m"),
        said("email.clicked", "4", NOON - 2 * HOUR, message_id="m"),
        said("email.delivered", "5", NOON + 9 * HOUR, message_id="m"),
    )
    assert known["email"]["last_opened_at"] == "2012-03-01T13:00:00.000Z"
    assert known["email"]["last_clicked_at"] == "2012-03-01T11:00:00.000Z"
