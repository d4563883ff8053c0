import orjson
import pytest

from events.cloudevents import is_version_1
from events.envelope import Interaction, Record, decode, encode_binary
from events.json_types import JSON
from events.refusal import Reason, Refusal
from tests.unit.events.records import NOW, accepted, event, reason

Headers = list[tuple[str, bytes | None]]


def binary(content: dict[str, JSON], **headers: bytes | None) -> Interaction | Refusal:
    given: dict[str, bytes | None] = {
        f"ce_{name}": value.encode() for name, value in content.items() if isinstance(value, str)
    }
    named: Headers = list((given | headers).items())
    return decode(Record("email-events", orjson.dumps(content["data"]), named, NOW))


def test_a_decoded_interaction_has_the_fields_of_its_event() -> None:
    interaction = accepted(event("email.opened", machine=True) | {"traceparent": "00-1", "dataschema": "x/1"})
    assert (interaction.id, interaction.source, interaction.type) == ("1", "digital/mailer", "email.opened")
    assert (interaction.time, interaction.dataschema) == (NOW, "x/1")
    assert interaction.extensions == {"traceparent": "00-1"}
    assert interaction.data.contact.contact_id == "c1"


def test_the_content_type_of_structured_mode_wins_over_attributes_in_headers() -> None:
    headers: Headers = [("ce_id", b"2"), ("Content-Type", b"application/cloudevents+json; charset=UTF-8")]
    result = decode(Record("email-events", orjson.dumps(event()), headers, NOW))
    assert isinstance(result, Interaction)
    assert result.id == "1"


def test_other_headers_do_not_make_binary_mode() -> None:
    headers: Headers = [("trace", b"\xff"), ("ce_source", b"x"), ("content-type", b"application/json")]
    assert isinstance(decode(Record("email-events", orjson.dumps(event()), headers, NOW)), Interaction)


@pytest.mark.parametrize("mark", ["ce_specversion", "ce_id", "ce_type"])
def test_one_attribute_in_a_header_makes_binary_mode(mark: str) -> None:
    result = decode(Record("email-events", orjson.dumps(event()), [(mark, b"1.0")], NOW))
    assert isinstance(result, Refusal)
    assert result.reason == Reason.NOT_CLOUDEVENT


def test_a_header_that_is_not_utf_8_is_no_cloudevent() -> None:
    result = binary(event(), ce_source=b"\xff\xfe")
    assert isinstance(result, Refusal)
    assert result.reason == Reason.NOT_CLOUDEVENT


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
def test_a_missing_null_or_empty_header_is_no_cloudevent(name: str) -> None:
    for value in (None, b""):
        result = binary(event(), **{f"ce_{name}": value})
        assert isinstance(result, Refusal)
        assert result.reason == Reason.NOT_CLOUDEVENT


def test_a_null_value_in_binary_mode_is_not_json() -> None:
    _, headers = encode_binary(accepted(event()))
    result = decode(Record("email-events", None, headers, NOW))
    assert isinstance(result, Refusal)
    assert result.reason == Reason.NOT_JSON


def test_an_extension_that_is_no_text_is_a_header_in_json() -> None:
    _, headers = encode_binary(accepted(event() | {"sequence": 3, "sampled": True}))
    assert ("ce_sequence", b"3") in headers
    assert ("ce_sampled", b"true") in headers


@pytest.mark.parametrize(
    "schema",
    [
        *("", "https://example.org/email.opened", "https://example.org/email.opened/1", "x/v1", "x/1.4", "x/1-0-2"),
        *("x/1.json", "x/01/", "x/1?draft=2", "x/1#2", "2/latest", "urn:x:2"),
    ],
)
def test_a_schema_of_version_1_or_none_is_known(schema: str) -> None:
    assert is_version_1(schema)
    assert accepted(event() | {"dataschema": schema}).dataschema == schema


@pytest.mark.parametrize(
    "schema", ["x/2", "x/v2", "2", "x/2.0", "x/0", "x/10", "x/2-0-0", "x/2/?a=1", "x/" + "9" * 5000]
)
def test_a_schema_of_another_version_is_an_unknown_type(schema: str) -> None:
    assert reason(event() | {"dataschema": schema}) == Reason.UNKNOWN_TYPE
