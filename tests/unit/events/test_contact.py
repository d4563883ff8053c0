import pytest

from events.contact import Contact
from events.envelope import Interaction, decode
from events.json_types import JSON
from events.refusal import Reason
from tests.unit.events.records import accepted, event, reason, record, refused


@pytest.mark.parametrize(
    "contact",
    [
        *({"contact_id": "Az09_.:-"}, {"voter_id": "NY:123"}, {"external": {"van": "1"}}, {"email": "a@example.org"}),
        *({"phone": "212 555 0199"}, {"email": "nobody", "phone": "212 555 0199"}, {"voter_id": "ny : 12 3"}),
        *({"email": 5, "contact_id": "c"}, {"phone": {}, "email": "a@example.org"}),
        *({"contact_id": None, "external": None, "email": "a@example.org", "region": None},),
        *({"external": {"van": None}, "email": "a@example.org"},),
    ],
)
def test_one_usable_identifier_is_enough(contact: JSON) -> None:
    accepted(event(contact=contact))


@pytest.mark.parametrize(
    "contact",
    [
        *(None, [], "jane@example.org", {}, {"name": "Jane"}, {"email": "nobody"}, {"phone": "12"}, {"email": 5}),
        *({"external": {}}, {"external": {"van": None}}, {"region": "US-NY"}, {"contact_id": None}),
    ],
)
def test_without_a_usable_identifier_nobody_is_named(contact: JSON) -> None:
    assert reason(event(contact=contact)) == Reason.NO_IDENTIFIER


@pytest.mark.parametrize(
    "contact",
    [
        *({"contact_id": ""}, {"contact_id": "jane@example.org"}, {"contact_id": "a" * 65}, {"contact_id": 1}),
        *({"contact_id": "a\n"}, {"voter_id": "NY"}, {"voter_id": "NY:"}, {"voter_id": "NY: "}, {"voter_id": ":1"}),
        *({"voter_id": "NYC:1"}, {"voter_id": 1}, {"external": "van:1"}, {"external": {"van": 1}}),
        *({"external": {"van": " "}}, {"external": {" ": "1"}}, {"external": {"VAN": "1", "van": "2"}}),
    ],
)
def test_a_malformed_identifier_that_cannot_be_ignored_is_invalid(contact: JSON) -> None:
    assert reason(event(contact=contact)) == Reason.INVALID_DATA


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("region", ["US-NY", "GB-ENG", "FR-2A"], ["NY", "us-ny", "US-", "US-ABCD", 1]),
        ("time_zone", ["America/New_York", "UTC"], ["EST5", "New York", "", "../../etc/passwd"]),
        ("postal_code", ["10001", "SW1A 1AA", ""], [10001]),
        ("language", ["en", "es-US"], [["en"]]),
        ("household", ["h1"], ["", "h" * 257]),
    ],
)
def test_an_attribute_of_a_contact_is_checked(name: str, right: list[JSON], wrong: list[JSON]) -> None:
    for value in right:
        contact = accepted(event(contact={"contact_id": "c1", name: value})).data.contact
        assert getattr(contact, name) == value
    for value in wrong:
        refusal = refused(event(contact={"contact_id": "c1", name: value}))
        assert refusal.reason == Reason.INVALID_DATA
        assert refusal.detail.startswith(f"data.contact.{name}: ")


def test_names_of_systems_are_read_in_lower_case() -> None:
    contact = accepted(event(contact={"external": {" VAN ": "1", "ActBlue": "aB"}})).data.contact
    assert contact.external == {"van": "1", "actblue": "aB"}


def test_unknown_fields_of_a_contact_are_dropped() -> None:
    contact = accepted(event(contact={"contact_id": "c1", "first_name": "Jane", "street": "1 Main St"})).data.contact
    assert contact == Contact(contact_id="c1")
    assert contact.plain() == {"contact_id": "c1"}


def test_a_number_is_usable_in_its_region() -> None:
    content = record(event(contact={"phone": "020 7946 0018"}))
    assert isinstance(decode(content, "GB"), Interaction)
    assert not isinstance(decode(content, "US"), Interaction)
