"""What is told of a wrong record: its reason, the right words, and the name that may be meant."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

import orjson
import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from events.adapters import van
from events.adapters.mapping import InvalidMapping, parse_mapping
from events.envelope import decode
from events.error_messages import explain
from events.json_types import JSON
from events.near_types import MOST_NAMED, near_types
from events.refusal import Reason, Refusal
from events.registry import BY_NAME, MODELS
from events.spelling import LONGEST, did_you_mean, nearest_name
from events.validation_messages import in_plain_words
from streams.domain.dead_letter_repair.mapping import read_mapping
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.pressure.policy_files import read_policy
from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.services.gateway.hooks import read_hooks
from tests.unit.events.records import NOW, REQUIRED, accepted, event, reason, record, refused

LIBRARYS_OWN = ("value error", "extra inputs", "field required", "should be", "should have", "should match", "input ")
WRONG: list[Any] = [
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
        for value in WRONG:
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


def test_the_reasons_are_those_of_the_contract() -> None:
    assert [str(reason) for reason in Reason] == [
        *("too_large", "not_json", "not_cloudevent", "unknown_type", "no_time", "time_in_future", "no_identifier"),
        *("invalid_data", "refused_source", "unsupported_type", "memo_entry", "malformed_row", "contact_full"),
        "quarantined",  # of records that are held, in another topic
    ]


@pytest.mark.parametrize("type_", REQUIRED)
def test_every_type_is_taken_with_its_required_fields_alone(type_: str) -> None:
    assert accepted(event(type_)).type == type_


@pytest.mark.parametrize(("type_", "name"), [(type_, name) for type_, fields in REQUIRED.items() for name in fields])
def test_a_required_field_that_is_missing_or_null_is_invalid(type_: str, name: str) -> None:
    assert refused(event(type_, **{name: None})).reason == Reason.INVALID_DATA
    assert refused(event(type_, **{name: None})).detail.startswith(f"data.{name}: ")


def test_a_record_may_have_256_kib_and_not_a_byte_more() -> None:
    value = orjson.dumps(event(more=["x" * 1000] * 200))
    assert isinstance(decode(record(value.ljust(262_144))), type(accepted(event())))
    assert reason(value.ljust(262_145)) == Reason.TOO_LARGE
    assert reason(b"\xff" * 262_145) == Reason.TOO_LARGE


@pytest.mark.parametrize(
    "value", [b"", b"{", b"\xff", b"NaN", b"\xef\xbb\xbf{}", b'{"a":1}{}', b"[" * 5000 + b"]" * 5000]
)
def test_a_value_that_is_no_json_is_refused(value: bytes) -> None:
    assert reason(value) == Reason.NOT_JSON


@pytest.mark.parametrize("value", [b"null", b"1", b'"text"', b"[]", b"{}", b'{"a": 1}'])
def test_json_that_is_no_cloudevent_is_refused(value: bytes) -> None:
    assert reason(value) == Reason.NOT_CLOUDEVENT


@pytest.mark.parametrize(
    "wrong",
    [
        *({"specversion": "0.3"}, {"specversion": 1.0}, {"specversion": None}, {"id": 1}, {"id": ""}, {"id": None}),
        *({"source": ["x"]}, {"source": ""}, {"type": None}, {"type": ""}, {"type": {}}, {"dataschema": 1}),
    ],
)
def test_an_attribute_that_cloudevents_does_not_allow_is_refused(wrong: dict[str, JSON]) -> None:
    assert reason(event() | wrong) == Reason.NOT_CLOUDEVENT


def test_an_unknown_type_is_refused() -> None:
    assert reason(event() | {"type": "email.eaten"}) == Reason.UNKNOWN_TYPE


@pytest.mark.parametrize(
    ("type_", "topic"),
    [
        ("email.opened", "donation-events"),
        ("donation.made", "email-events"),
        ("consent.changed", "contact-commands"),
        ("contact.erased", "email-events"),
        ("email.opened", "interactions"),
    ],
)
def test_a_type_on_another_topic_is_refused_with_the_right_one(type_: str, topic: str) -> None:
    result = decode(record(event(type_), topic))
    assert isinstance(result, Refusal)
    assert result.reason == Reason.UNKNOWN_TYPE
    assert "-" in result.detail


@pytest.mark.parametrize("topic", ["email-events", "donation-events", "canvass-events", "outreach-events"])
@pytest.mark.parametrize("type_", ["experiment.assigned", "consent.changed", "interaction.retracted"])
def test_some_types_are_taken_on_each_input_topic(type_: str, topic: str) -> None:
    assert not isinstance(decode(record(event(type_), topic)), Refusal)


@pytest.mark.parametrize("time", [None, "", "now", 1329868800, "2012-02-22", "2012-02-22T10:00:00"])
def test_an_event_without_a_usable_time_is_refused(time: JSON) -> None:
    assert reason(event() | {"time": time}) == Reason.NO_TIME


def test_a_time_more_than_an_hour_after_the_brokers_is_refused() -> None:
    assert accepted(event() | {"time": "2012-02-22T11:00:00.000Z"}).time == NOW + 3_600_000
    assert reason(event() | {"time": "2012-02-22T11:00:00.001Z"}) == Reason.TIME_IN_FUTURE


@pytest.mark.parametrize("data", [None, [], "text", 1, {}])
def test_an_event_without_data_names_nobody(data: JSON) -> None:
    assert reason(event() | {"data": data}) == Reason.NO_IDENTIFIER


@pytest.mark.parametrize("type_", ["contact.linked", "contact.unlinked"])
def test_a_command_on_a_pair_needs_no_contact_but_data(type_: str) -> None:
    assert accepted(event(type_) | {"data": {"contact_ids": ["a", "b"]}}).data.plain() == {"contact_ids": ["a", "b"]}
    assert reason(event(type_) | {"data": None}) == Reason.NO_IDENTIFIER
    assert reason(event(type_, contact=5)) == Reason.INVALID_DATA


@pytest.mark.parametrize("type_", ["contact.suppressed", "contact.erased"])
def test_a_command_on_one_contact_needs_a_contact(type_: str) -> None:
    assert reason(event(type_) | {"data": {}}) == Reason.NO_IDENTIFIER


def test_the_first_reason_that_applies_is_given() -> None:
    wrong: dict[str, JSON] = {
        **event("donation.made", amount=-1, contact={}),
        "specversion": "2",
        "type": "gift",
        "time": "2999-01-01",
    }
    found = []
    for name, right in (
        ("specversion", "1.0"),
        ("type", "donation.made"),
        ("time", "2999-01-01T00:00:00Z"),
        ("time", "2012-02-22T10:00:00Z"),
    ):
        found.append(reason(wrong))
        wrong[name] = right
    found.append(reason(wrong))
    found.append(reason(event("donation.made", amount=-1)))
    assert found == [
        *(Reason.NOT_CLOUDEVENT, Reason.UNKNOWN_TYPE, Reason.NO_TIME),
        *(Reason.TIME_IN_FUTURE, Reason.NO_IDENTIFIER, Reason.INVALID_DATA),
    ]


# Which known name an unknown one may be meant for, and which are other names and no misspellings.
EXPERIMENTS = ("calls-evening", "subject-ask-2", "subject-gotv-3", "subject-welcome-1")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("subject-gtov-3", "subject-gotv-3"),
        ("subject-aks-2", "subject-ask-2"),
        ("subjekt-gotv-3", "subject-gotv-3"),
        ("Subject-GOTV-3", "subject-gotv-3"),
        ("subject_gotv_3", "subject-gotv-3"),
        ("subject-welcom-1", "subject-welcome-1"),
        ("calls-evenings", "calls-evening"),
        ("subject-gotv", "subject-gotv-3"),
    ],
)
def test_a_misspelled_name_is_near_to_the_one_that_was_meant(name: str, meant: str) -> None:
    assert nearest_name(name, EXPERIMENTS) == meant


@pytest.mark.parametrize(
    "name",
    [
        "subject-ask-12",
        "subject-ask-3",
        "subject-gotv-4",
        "subject-",
        "calls-morning",
        "subject-letters-3",
        "x",
        "",
        "-",
    ],
)
def test_a_name_that_only_begins_or_ends_like_another_is_not_near(name: str) -> None:
    assert nearest_name(name, EXPERIMENTS) is None


def test_no_type_and_no_experiment_is_near_to_another_that_there_is() -> None:
    for name, other in permutations(EXPERIMENTS, 2):
        assert nearest_name(name, [other]) is None


def test_the_nearest_of_several_is_named_the_first_by_name_where_they_are_alike() -> None:
    assert nearest_name("digitl", ["digitally", "digital"]) == "digital"
    assert nearest_name("gotx", ["goty", "gotv"]) == "gotv"
    assert did_you_mean("digitl", ["digital"]) == "; did you mean digital?"
    assert did_you_mean("digitl", []) == did_you_mean("digitl", ["field"]) == ""


def test_a_name_that_is_too_long_is_not_compared() -> None:
    assert nearest_name("a" * LONGEST, ["a" * LONGEST]) == "a" * LONGEST
    assert nearest_name("a" * (LONGEST + 1), ["a" * (LONGEST + 1)]) is None


@pytest.mark.parametrize(
    ("type_", "near"),
    [
        ("form.sumbitted", ["form.submitted"]),
        ("petition.signed", ["form.submitted"]),
        ("volunteer.signup", ["form.submitted"]),
        ("meeting.attended", ["rsvp.attended"]),
        ("email.spam", ["email.complained"]),
        ("gift", ["donation.made", "donation.refunded"]),
        ("zzz", []),
        ("a.b", []),
        ("", []),
    ],
)
def test_types_that_share_words_with_an_unknown_one_are_named(type_: str, near: list[str]) -> None:
    assert near_types(type_) == near


def test_no_command_is_named_for_a_word_of_its_sentence_and_never_too_many_types() -> None:
    for word in ("contact", "forgotten", "erase", "email", "record", "reported", "time"):
        found = near_types(f"{word}.{word}")
        assert len(found) <= MOST_NAMED
        assert not any(BY_NAME[type_].is_command for type_ in found), word
