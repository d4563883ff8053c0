"""An event's data, contact and times."""

from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from events.adapters import van
from events.adapters.mapping import InvalidMapping, parse_mapping
from events.contact import Contact
from events.envelope import Interaction, decode
from events.error_messages import explain
from events.json_types import JSON
from events.refusal import Reason
from events.registry import MODELS
from events.times import parse_time
from events.validation_messages import in_plain_words
from streams.domain.dead_letter_repair.mapping import read_mapping
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.pressure.policy_files import read_policy
from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.services.gateway.hooks import read_hooks
from tests.unit.events.records import accepted, event, reason, record, refused, with_field

RIGHT: list[tuple[str, str, list[JSON]]] = [
    ("email.sent", "purpose", ["fundraising", "mobilisation", "informational", "transactional"]),
    ("email.opened", "machine", [True, False]),
    ("email.bounced", "kind", ["hard", "soft"]),
    ("email.deferred", "reason", ["", "mailbox full"]),
    ("donation.made", "amount", [1, 10**14]),
    ("donation.made", "period", ["once", "weekly", "monthly", "yearly"]),
    ("donation.made", "instalment", [0, 12]),
    ("donation.refunded", "kind", ["refund", "chargeback", "void"]),
    ("canvass.reported", "method", ["door", "phone", "text", "letter", "relational"]),
    ("canvass.reported", "support", [1, 5]),
    ("canvass.reported", "answers", [{}, {"van:1": "a", "van:2": 1, "van:3": 0.5, "van:4": True}]),
    ("canvass.reported", "tags_added", [[], ["volunteer"]]),
    ("ballot.reported", "status", ["requested", "sent", "returned", "rejected", "cured", "voted"]),
    ("form.submitted", "kind", ["petition", "signup", "volunteer"]),
    ("consent.changed", "channel", ["email", "text", "phone", "door", "letter", "all"]),
    ("consent.changed", "granted", [True, False]),
]
WRONG: list[tuple[str, str, list[JSON]]] = [
    ("email.sent", "message_id", ["", 1]),
    ("email.sent", "purpose", ["spam", "Fundraising", 1]),
    ("email.sent", "experiment", ["x12", {"id": "x12"}, {"id": "", "variant": "B"}, {"id": "x12", "variant": None}]),
    ("email.opened", "machine", ["true", 1]),
    ("email.bounced", "kind", ["medium"]),
    ("donation.made", "amount", [0, -1, 10**14 + 1, 10**18, 50.0, 0.5, "5000", True]),
    ("donation.made", "currency", ["usd", "$", "USDT", "", 840]),
    ("donation.made", "donation_id", ["1", ":1", "fec:", "", 1]),
    ("donation.made", "period", ["daily"]),
    ("donation.made", "instalment", [-1, "1"]),
    ("donation.refunded", "amount", [0, -5000]),
    ("donation.refunded", "donation_id", ["1"]),
    ("donation.refunded", "kind", ["gift"]),
    ("canvass.reported", "method", ["drone"]),
    ("canvass.reported", "outcome", ["eaten_by_dog"]),
    ("canvass.reported", "support", [0, 6, "1", 2.0, True]),
    ("canvass.reported", "answers", [[], {"van": "a"}, {"van:1": []}, {"van:1": {}}]),
    ("canvass.reported", "tags_added", ["volunteer", [1], [""], [None]]),
    ("ballot.reported", "election", [""]),
    ("ballot.reported", "status", ["lost"]),
    ("rsvp.made", "starts_at", ["tomorrow", "2012-02-22", 1]),
    ("form.submitted", "kind", ["other"]),
    ("experiment.assigned", "experiment", [{"id": "x12"}, []]),
    ("consent.changed", "channel", ["fax"]),
    ("consent.changed", "granted", ["true", 1, 0]),
    ("interaction.retracted", "retracts", ["1", {"id": "1"}, {"source": "s"}, {"source": "s", "id": ""}]),
    ("contact.linked", "contact_ids", [["a"], ["a", "b", "c"], ["a", "a"], ["a", "not an id"], "ab"]),
    ("contact.suppressed", "until", ["for ever"]),
]


@pytest.mark.parametrize(("type_", "name", "values"), RIGHT)
def test_a_value_of_the_contract_is_taken(type_: str, name: str, values: list[JSON]) -> None:
    for value in values:
        found = getattr(accepted(event(type_, **{name: value})).data, name)
        assert found == value
        assert type(found) is type(value)


@pytest.mark.parametrize(("type_", "name", "values"), WRONG)
def test_a_value_outside_the_contract_is_refused_and_its_field_named(type_: str, name: str, values: list[JSON]) -> None:
    for value in values:
        refusal = refused(event(type_, **{name: value}))
        assert refusal.reason == Reason.INVALID_DATA
        assert refusal.detail.startswith(f"data.{name}")


def test_a_purpose_that_is_absent_or_null_is_informational() -> None:
    for data in (accepted(event("email.sent")).data, accepted(event("text.sent", purpose=None)).data):
        assert getattr(data, "purpose", None) == "informational"


def test_an_answer_that_is_null_is_absent() -> None:
    data = accepted(event("canvass.reported", answers={"van:1": None, "van:2": 2})).data
    assert data.plain()["answers"] == {"van:2": 2}


def test_a_meeting_and_the_end_of_a_suppression_are_in_utc() -> None:
    at = "2012-03-01T19:00:00-05:00"
    assert accepted(event("rsvp.made", starts_at=at)).data.plain()["starts_at"] == "2012-03-02T00:00:00.000Z"
    assert accepted(event("contact.suppressed", until=at)).data.plain()["until"] == "2012-03-02T00:00:00.000Z"


@pytest.mark.parametrize("since", ["2012-02-22T10:00:00Z", "2099-01-01T00:00:00Z", "2012-02-22T12:00:00+01:00"])
def test_nobody_is_erased_for_doing_nothing_by_a_time_that_is_not_before_the_commands_own(since: str) -> None:
    """A slip of a digit, or of a sign: everybody has done nothing since then, and until then nothing would count."""
    refusal = refused(event("contact.erased_if_inactive", inactive_since=since))
    assert refusal.reason == Reason.INVALID_DATA
    assert refusal.detail == "data.inactive_since: give a time before the event's own time"


def test_a_detail_shows_no_value_and_no_name_that_a_producer_made_up() -> None:
    secret = "jane@example.org"
    for content in (
        event("donation.made", currency=secret),
        event("canvass.reported", answers={secret: "x"}),
        event("canvass.reported", answers={f"van:{secret}": [secret]}),
        event(contact={"external": {secret: 5}}),
        event(contact={"contact_id": secret}),
        event(contact={"contact_id": "c1", "time_zone": secret}),
        with_field(secret, {secret: "x" * 1025}),
        event("contact.linked", contact_ids=[secret, "b"]),
    ):
        refusal = refused(content)
        assert refusal.reason == Reason.INVALID_DATA
        assert secret not in refusal.detail
        assert len(refusal.detail) <= 200


@pytest.mark.parametrize("type_", ["email.sent", "email.opened", "text.sent"])
def test_a_purpose_in_american_spelling_is_taken_and_written_in_the_contracts(type_: str) -> None:
    said = accepted(event(type_, purpose="mobilization"))
    assert said.data.plain()["purpose"] == "mobilisation"


SCOPED = [
    ("text.opted_out", "sender"),
    ("email.unsubscribed", "list_id"),
    ("email.complained", "list_id"),
    ("consent.changed", "sender"),
    ("consent.changed", "list_id"),
]


@pytest.mark.parametrize(("type_", "field"), SCOPED)
def test_an_empty_scope_counts_as_absent_so_a_stop_closes_the_whole_channel(type_: str, field: str) -> None:
    said = {"contact": {"contact_id": "c"}, "channel": "text", "granted": False, field: ""}
    model = MODELS[type_].model_validate(said)
    assert field not in model.plain()


def test_an_empty_committee_is_none() -> None:
    gift = {"contact": {"contact_id": "c"}, "donation_id": "p:1", "amount": 1, "currency": "USD", "committee": ""}
    assert "committee" not in MODELS["donation.made"].model_validate(gift).plain()


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


MIDNIGHT = 1_329_868_800_000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2012-02-22t00:00:00z", MIDNIGHT),
        ("2012-02-22T00:00:00-00:00", MIDNIGHT),
        ("2012-02-21T19:00:00-05:00", MIDNIGHT),
        ("2012-02-22T00:00:00.5Z", MIDNIGHT + 500),
    ],
)
def test_a_time_with_an_offset_is_counted_in_utc(text: str, ms: int) -> None:
    assert parse_time(text) == ms


def test_a_time_is_cut_to_milliseconds_and_not_rounded() -> None:
    assert parse_time("2012-02-22T00:00:00.0019999999999999999Z") == MIDNIGHT + 1
    assert parse_time("1969-12-31T23:59:59.9999Z") == -1


def test_a_leap_second_is_the_last_millisecond_before_it() -> None:
    assert parse_time("2016-12-31T23:59:60Z") == parse_time("2016-12-31T23:59:59.999Z")
    assert parse_time("2016-12-31T23:59:60.5Z") == parse_time("2016-12-31T23:59:59.999Z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1329868800",
        "2012-02-22",
        "2012-02-22T00:00:00",
        "2012-02-22 00:00:00Z",
        "2012-02-22T00:00Z",
        "2012-02-22T00:00:00,5Z",
        "2012-02-22T00:00:00.Z",
        "2012-02-22T24:00:00Z",
        "2012-02-22T00:60:00Z",
        "2012-02-22T00:00:61Z",
        "2012-02-30T00:00:00Z",
        "2012-W08-3T00:00:00Z",
        "20120222T000000Z",
        "2012-02-22T00:00:00+24:00",
        "2012-02-22T00:00:00Z\n",
        " 2012-02-22T00:00:00Z",
        "٢٠١٢-02-22T00:00:00Z",
        "2012-02-22 00:00:00.000Z",
        "2012-02-22T00:00:00,000Z",
        "2012-02-22T24:00:00.000Z",
        "2012-02-30T00:00:00.000Z",
        "2012-W08-3T00:00:00.000Z",
        "2012-02-22T00:00:00+0500",
        "2012-02-22T00:00:00.0000",
        "0001-01-01T00:00:00+0001",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_what_is_no_rfc_3339_time_between_the_years_1_and_9999_is_none(text: str) -> None:
    assert parse_time(text) is None


LIBRARYS_OWN = ("value error", "extra inputs", "field required", "should be", "should have", "should match", "input ")
BROKEN: list[Any] = [
    None,
    "",
    "x" * 9_000,
    "x\u0000",
    -1,
    0,
    10**20,
    1.5,
    True,
    [],
    ["a", "a"],
    ["x"] * 200,
    {},
    {"x": 1},
]


def in_our_words(said: str) -> bool:
    return not any(words in said.lower() for words in LIBRARYS_OWN)


@pytest.mark.parametrize("type_", MODELS)
def test_each_field_of_each_type_is_refused_in_our_words(type_: str) -> None:
    model: type[BaseModel] = MODELS[type_]
    said = set()
    for name in model.model_fields:
        for value in BROKEN:
            try:
                model.model_validate({"contact": {"contact_id": "c"}, name: value})
            except ValidationError as error:
                said.add(explain(error))
                said.update(in_plain_words(each) for each in error.errors(include_url=False))
    assert [each for each in said if not in_our_words(each)] == []


def test_a_pattern_mistake_names_the_form_that_is_expected() -> None:
    def found(type_: Any, value: object) -> ErrorDetails:
        with pytest.raises(ValidationError) as error:
            TypeAdapter(type_).validate_python(value, strict=True)
        return error.value.errors()[0]

    assert in_plain_words(found(int, "5")) == "give a whole number"
    assert in_plain_words(found(bool, 1)) == "give true or false"
    model = MODELS["donation.made"]
    with pytest.raises(ValidationError) as error:
        model.model_validate({"contact": {}, "donation_id": "a:1", "amount": 0, "currency": "USD"})
    assert explain(error.value) == "data.amount: give more than 0"


def hooks_of(text: str) -> object:
    with NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        return read_hooks(Path(file.name), {})


FILES: dict[Callable[[str], object], str] = {
    hooks_of: '[hooks.a]\nsource = ""\nvendor = 5\ntime_zone = "x"\nsecrt = 1\nwindow_hours = 99',
    lambda text: van.read_codes({"contact_types": {"2": text}, "reslts": {}}): "by foot",
    parse_mapping: 'name = "A B"\nextra = 1\n[[interactions]]\ntype = 5',
    read_policy: 'x = 1\n[caps]\nemail = "many"',
    read_mapping: 'x = 1\nrename = "y"\n[cast]\na = "b"',
    read_definitions: '[[experiments]]\nid = 5\nx = 1\nvariants = "A"',
}


@pytest.mark.parametrize("read", FILES, ids=["gateway", "codes", "mapping", "policy", "clinic", "experiments"])
def test_a_file_with_mistakes_is_refused_in_our_words(read: Callable[[str], object]) -> None:
    try:
        said = str(read(FILES[read]))
    except (Unusable, van.InvalidCodes, InvalidMapping) as error:
        said = str(error)
    assert said.strip()
    assert in_our_words(said), said


def patterns_in(schema: object) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(patterns_in, schema))
    if not isinstance(schema, dict):
        return set()
    own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
    return own.union(*map(patterns_in, schema.values()))


def test_the_form_of_every_field_of_events_and_settings_is_told_in_words_with_an_example() -> None:
    schemas = [*(model.model_json_schema() for model in MODELS.values()), Settings.model_json_schema()]
    for pattern in patterns_in(schemas):
        adapter = TypeAdapter(Annotated[str, Field(pattern=pattern)])
        with pytest.raises(ValidationError) as wrong:
            adapter.validate_python("\n")
        [mistake] = wrong.value.errors()
        told = in_plain_words(mistake)
        assert "^" not in told, pattern
        assert told.startswith("give "), pattern
        if "such as " in told:
            example = told.rpartition("such as ")[2]
            adapter.validate_python(example.partition(", ")[0].replace(": and 32 digits of 0-9a-f", ":" + "0" * 32))
