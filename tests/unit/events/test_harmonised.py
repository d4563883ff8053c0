"""Harmonised records."""

import orjson
import pytest
from msgspec.structs import fields

from events.contact import Contact, HashedContact
from events.envelope import Interaction, Record, decode
from events.fast_intake import harmonise_fast
from events.fields import MAX_HEADER_BYTES
from events.harmonised import IntakeResult, harmonise, read_harmonised, take_in, team_of
from events.identifiers import Hasher
from events.interaction_structs import INTERACTION_STRUCTS, Arm, ContactStruct
from events.interactions.base import ExperimentArm, InteractionData
from events.json_types import JSON
from events.producer_structs import PRODUCER_EVENTS, ProducerContact, data_struct_of
from events.refusal import Reason, Refusal
from events.registry import MODELS
from tests.unit.domain.contact.records import EDGES
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


ATTRIBUTES = [
    *("specversion", "id", "source", "type", "time", "dataschema", "datacontenttype", "subject", "partitionkey"),
    *("data", "tenant"),
]
_LONG = [kind * length for kind in ("x", "/1") for length in (64, 65, 256, 257, 1_024, 1_025, 8_192, 8_193)]
_SYSTEMS = ("van", "VAN", "Van", "ä", "van\n", " van", "a b", "v" * 256, "v" * 257, "\x7f", "a[")
_IDS = (" ", " 1 ", "\n", "\x1c", "\u3000", "ü" * 256, "ü" * 257, "x" * 256, "x" * 257, None, 1)


def _map(**fields: JSON) -> JSON:
    return fields


_MAPS = [
    *(_map(**{system: "1"}) for system in _SYSTEMS),
    *(_map(van=id_) for id_ in _IDS),
    *(_map(b="y", a="x"), _map(b="y", B="x")),
    *(_map(**{"a:b": number}) for number in (-(2**63), 2**63 - 1, 1e16)),
]
PLACES: list[JSON] = [
    *EDGES,
    *_LONG,
    *_MAPS,
    *("1.0", "email.sent", "digital", "/", "urn:x", "https://host/path", "\x7f", 'a"b', "Zoë", "\ud7ff", " ", "hard"),
    *("https://x/2", "https://x/v1", "1", "2.0", "#1", "v1.json"),
    *("2012-02-22T00:00:00Z", "2012-02-22T00:00:00.000+01:00", "2012-02-22T10:59:60Z", "2012-02-22"),
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", f"2012-02-22T00:00:00.{'0' * 1_010}Z"),
    *(f"{space}OH{space}:{space}1{space}" for space in "\t\n\x0b\x1c\x85\xa0\u2028\u3000\ufeff"),
    *("OH:\n1", "OH:1\n2", "OH:\x1c", "OH:\u3000", "\x1c", "\u3000", "ß@b.example", "a@bücher.example"),
    *("oh:1", " OH : 1 ", "OH:", "O:1", "OHI:1", "OH:" + "1" * 253, "OH:" + "1" * 254, "OH:\x7f"),
    *(" A@B.example ", "a@b", "(212) 555-0199", "5550199", "+44 20 7946 0000"),
]
NUMBERS = ["9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "1e3", "1E400"]
NUMBERS += ["-9223372036854775808", "-9223372036854775809", "1" * 400, "1.0", "-0", "01", "1.", "0.1", "1e-400", "NaN"]


def long_way(read: Record) -> IntakeResult | None:
    interaction = decode(read)
    return None if isinstance(interaction, Refusal) else take_in(interaction, HASHER)


def disagreeing(content: dict[str, JSON], where: dict[str, JSON], names: list[str]) -> list[tuple[str, JSON]]:
    """What may stand in which of the fields `names` of `where`, which is in `content`, for the two to differ."""
    found: list[tuple[str, JSON]] = []
    for name in names:
        before = where.get(name)
        for value in PLACES:
            where[name] = value
            read = record(content)
            if harmonise_fast(read, HASHER) not in (None, long_way(read)):
                found.append((name, value))
        if before is None:
            del where[name]
        else:
            where[name] = before
    return found


def parts(type_: str) -> tuple[dict[str, JSON], dict[str, JSON], dict[str, JSON]]:
    """An event, its data, its contact."""
    content = event(type_)
    data = content["data"]
    assert isinstance(data, dict)
    contact = data["contact"]
    assert isinstance(contact, dict)
    return content, data, contact


@pytest.mark.parametrize("type_", PRODUCER_EVENTS)
def test_any_value_in_any_data_field_is_harmonised_alike_on_both_paths(type_: str) -> None:
    content, data, _ = parts(type_)
    assert harmonise_fast(record(content), HASHER) == long_way(record(content)) is not None
    assert not disagreeing(content, data, [*MODELS[type_].model_fields, "more"])


@pytest.mark.parametrize("known_by", [{"contact_id": "c1"}, {}])
def test_any_value_in_any_contact_field_is_harmonised_alike_on_both_paths(known_by: dict[str, JSON]) -> None:
    content, data, _ = parts("form.submitted")
    contact = data["contact"] = {**known_by}
    assert not disagreeing(content, contact, [*Contact.model_fields, "name"])


def test_any_value_in_any_attribute_is_harmonised_alike_on_both_paths() -> None:
    content, _, _ = parts("form.submitted")
    assert not disagreeing(content, content, ATTRIBUTES)


def test_any_value_in_an_experiment_field_is_harmonised_alike_on_both_paths() -> None:
    content, data, _ = parts("email.sent")
    arm: dict[str, JSON] = {"id": "x", "variant": "B"}
    data["experiment"] = arm
    assert not disagreeing(content, arm, ["id", "variant", "more"])


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    ("type_", "name", "place"),
    [
        ("donation.made", "amount", 77),
        ("donation.made", "instalment", 77),
        ("canvass.reported", "support", 77),
        ("canvass.reported", "answers", {"a:b": 77}),
    ],
)
def test_any_number_is_harmonised_alike_on_both_paths(type_: str, name: str, place: JSON, number: str) -> None:
    """Also those that JSON may hold and nobody's integers can."""
    value = orjson.dumps(event(type_, **{name: place})).replace(b"77", number.encode())
    read = record(value, record(event(type_)).topic)
    assert harmonise_fast(read, HASHER) in (None, long_way(read))


@pytest.mark.parametrize("size", [MAX_HEADER_BYTES, MAX_HEADER_BYTES + 1])
def test_the_longest_headers_are_judged_alike_on_both_paths(size: int) -> None:
    usual = record(event())
    read = Record(usual.topic, usual.value, [("h", b"x" * (size - 1))], usual.appended_at)
    assert harmonise_fast(read, HASHER) == long_way(read)
    assert (long_way(read) is None) == (size > MAX_HEADER_BYTES)


class _Signed(InteractionData):
    petition_id: str
    public: bool = False


def test_a_type_that_has_a_field_with_a_default_is_left_to_its_model() -> None:
    """The model writes the default into the interaction; a struct would leave the field out."""
    assert data_struct_of(_Signed) is None


def names_in(type_: str) -> list[str]:
    data = next(field.type for field in fields(PRODUCER_EVENTS[type_]) if field.name == "data")
    return [field.name for field in fields(data)]


def test_only_rare_types_have_no_producer_struct() -> None:
    rare = {"contact.erased_if_inactive", "contact.linked", "contact.unlinked", "interaction.retracted"}
    assert MODELS.keys() - PRODUCER_EVENTS.keys() == rare


@pytest.mark.parametrize("type_", PRODUCER_EVENTS)
def test_a_struct_has_its_models_fields_in_their_order(type_: str) -> None:
    of_model = list(MODELS[type_].model_fields)
    assert names_in(type_) == [name for name in of_model if name in names_in(type_)]


@pytest.mark.parametrize("type_", INTERACTION_STRUCTS)
def test_a_struct_judges_every_field_of_its_model(type_: str) -> None:
    assert MODELS[type_].model_fields.keys() <= {field.name for field in fields(INTERACTION_STRUCTS[type_])}


def test_what_a_struct_is_made_of_has_every_field_in_order_too() -> None:
    assert [*Contact.model_fields, "mailbox"] == [field.name for field in fields(ProducerContact)]
    assert HashedContact.model_fields.keys() == {field.name for field in fields(ContactStruct)}
    assert list(ExperimentArm.model_fields) == [field.name for field in fields(Arm)]
