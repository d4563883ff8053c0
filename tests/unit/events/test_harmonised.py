import orjson
import pytest

from events.contact import HashedContact
from events.envelope import Interaction, decode
from events.harmonised import harmonise, read_harmonised, team_of
from events.identifiers import Hasher
from events.json_types import JSON
from events.refusal import Reason, Refusal
from tests.unit.events.records import accepted, event, record

HASHER = Hasher([b"key"])
EVERYTHING: dict[str, JSON] = {
    "voter_id": "ny:123",
    "external": {"VAN": "77", "actblue": "xyz"},
    "email": " Jane@Example.org",
    "phone": "(212) 555-0199",
    "region": "US-NY",
    "postal_code": "10001",
    "time_zone": "America/New_York",
    "language": "en",
    "household": "h1",
    "first_name": "Jane",
}


def harmonised(content: dict[str, JSON]) -> tuple[str, dict[str, JSON]]:
    fragment, value = harmonise(accepted(content), HASHER)
    written: dict[str, JSON] = orjson.loads(value)
    return fragment, written


def data(content: dict[str, JSON]) -> dict[str, JSON]:
    found = harmonised(content)[1]["data"]
    assert isinstance(found, dict)
    return found


def test_a_contact_is_reduced_to_hashes_and_attributes() -> None:
    fragment, written = harmonised(event(contact=EVERYTHING))
    assert fragment == HASHER.voter("NY:123")
    assert isinstance(written["data"], dict)
    assert written["data"]["contact"] == {
        "voter_id": HASHER.voter("NY:123"),
        "external": {"actblue": HASHER.external("actblue", "xyz"), "van": HASHER.external("van", "77")},
        "email": HASHER.email("jane@example.org"),
        "phone": HASHER.phone("+12125550199"),
        "region": "US-NY",
        "postal_code": "10001",
        "time_zone": "America/New_York",
        "language": "en",
        "household": "h1",
        "mailbox": "other",
        "voter_state": "NY",
    }


@pytest.mark.parametrize(
    ("type_", "email", "expected"),
    [
        ("email.sent", " Jane@GMail.com", "gmail"),
        ("email.complained", "jane@ＹＡＨＯＯ.co.uk", "yahoo"),
        ("email.sent", "jane@example.org", "other"),
        ("email.sent", "no address", None),
        ("email.sent", None, None),
        ("donation.made", "jane@gmail.com", None),
    ],
)
def test_the_provider_is_told_where_mail_is_what_it_is_about(
    type_: str, email: str | None, expected: str | None
) -> None:
    contact = data(event(type_, contact={"contact_id": "c1", "email": email, "mailbox": "apple"}))["contact"]
    assert isinstance(contact, dict)
    assert contact.get("mailbox") == expected


def test_older_keys_go_along_as_aliases() -> None:
    rotated = Hasher([b"key", b"old"])
    _, value = harmonise(accepted(event(contact=EVERYTHING)), rotated)
    read = read_harmonised(value)
    assert isinstance(read, Interaction)
    assert isinstance(read.data.contact, HashedContact)
    assert read.data.contact.aliases is not None
    assert read.data.contact.aliases[HASHER.voter("NY:123")] == [Hasher([b"old"]).voter("NY:123")]
    assert len(read.data.contact.aliases) == 5


def test_what_a_producer_calls_aliases_is_not_taken_for_ours() -> None:
    forged: dict[str, JSON] = {"contact_id": "c1", "voter_state": "NY", "aliases": {"email:" + "0" * 32: []}}
    assert data(event(contact=forged))["contact"] == {"contact_id": "c1"}


def test_a_contact_id_stays_as_it_is() -> None:
    fragment, written = harmonised(event())
    assert fragment == "c1"
    assert written["data"] == {
        "contact": {"contact_id": "c1"},
        "message_id": "m1",
        "purpose": "informational",
        "team": "digital",
    }


def test_an_address_that_cannot_be_normalised_is_left_out() -> None:
    assert data(event(contact={"contact_id": "c1", "email": "jane at home", "phone": "12"}))["contact"] == {
        "contact_id": "c1"
    }


def test_the_envelope_is_kept_and_its_time_is_utc() -> None:
    written = harmonised(event() | {"time": "2012-02-22T05:00:00.1239-05:00", "dataschema": "x/1", "traceparent": "0"})[
        1
    ]
    del written["data"]
    assert written == {
        "specversion": "1.0",
        "id": "1",
        "source": "digital/mailer",
        "type": "email.opened",
        "time": "2012-02-22T10:00:00.123Z",
        "dataschema": "x/1",
        "traceparent": "0",
    }


def test_extensions_by_which_producers_name_the_person_go_no_further() -> None:
    written = harmonised(event() | {"subject": "jane@example.org", "partitionkey": "jane@example.org"})[1]
    assert not {"subject", "partitionkey"} & written.keys()


@pytest.mark.parametrize(
    ("source", "team"),
    [
        ("digital/mailer", "digital"),
        ("digital", "digital"),
        ("/digital/mailer", "digital"),
        ("https://digital.example.org/mailer", "digital.example.org"),
        ("app:///digital/mailer", "digital"),
        ("urn:digital/mailer", "digital"),
        ("///", "///"),
    ],
)
def test_the_team_is_the_first_segment_of_the_source(source: str, team: str) -> None:
    assert team_of(source) == team
    assert data(event() | {"source": source})["team"] == team


def test_a_team_that_is_named_stays() -> None:
    assert data(event(team="field"))["team"] == "field"
    assert data(event(team=""))["team"] == "digital"


def test_a_command_on_a_pair_is_keyed_by_the_smaller_id() -> None:
    fragment, written = harmonised(event("contact.unlinked") | {"data": {"contact_ids": ["b", "a"]}})
    assert fragment == "a"
    assert written["data"] == {"contact_ids": ["b", "a"], "team": "digital"}


def spoilt(**changes: JSON) -> bytes:
    return orjson.dumps(harmonised(event())[1] | changes)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.NOT_JSON),
        (b"{", Reason.NOT_JSON),
        (b"[]", Reason.NOT_CLOUDEVENT),
        (spoilt(id=1), Reason.NOT_CLOUDEVENT),
        (spoilt(type="email.eaten"), Reason.UNKNOWN_TYPE),
        (spoilt(time="now"), Reason.NO_TIME),
        (spoilt(data=None), Reason.NO_IDENTIFIER),
        (spoilt(data={}), Reason.INVALID_DATA),
        (spoilt(data={"contact": {"email": "jane@example.org"}, "message_id": "m1"}), Reason.INVALID_DATA),
        (spoilt(data={"contact": {"contact_id": "c1"}}), Reason.INVALID_DATA),
    ],
)
def test_what_intake_did_not_write_is_refused(value: bytes | None, reason: Reason) -> None:
    refusal = read_harmonised(value)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert "jane" not in refusal.detail


def test_a_contact_without_identifier_is_an_error_of_the_program() -> None:
    interaction = decode(record(event(contact={"phone": "020 7946 0018"})), "GB")
    assert isinstance(interaction, Interaction)
    with pytest.raises(ValueError, match="identifier"):
        harmonise(interaction, Hasher([b"key"], "US"))
