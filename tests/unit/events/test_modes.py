"""Modes, limits and regimes."""

import tomllib
from collections.abc import Callable
from typing import get_args

import orjson
import phonenumbers
import pytest

from events.cloudevents import is_version_1
from events.contact import is_time_zone
from events.envelope import Interaction, Record, decode, encode_binary
from events.json_types import JSON
from events.normalise import normalise_phone
from events.refusal import Reason, Refusal
from events.regimes import EU_MEMBERS, NO_COUNTRY, REGIMES, RegimeName
from events.registry import MODELS
from streams.domain.pressure import default_policy, default_policy_text
from streams.domain.pressure.time_zones import zones_of_country
from streams.platform.settings import Settings
from tests.unit.events.records import NOW, accepted, event, reason, refused, with_field

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


def nested(levels: int) -> JSON:
    value: JSON = "x"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def exactly(content: dict[str, JSON], too_much: dict[str, JSON]) -> str:
    """The first is taken; the second is refused, with this detail."""
    accepted(content)
    refusal = refused(too_much)
    assert refusal.reason == Reason.INVALID_DATA
    return refusal.detail


@pytest.mark.parametrize("name", ["id", "source"])
def test_the_name_of_an_interaction_has_up_to_256_characters(name: str) -> None:
    assert name in exactly(event() | {name: "é" * 256}, event() | {name: "é" * 257})


IDS = [
    (type_, name)
    for type_, model in MODELS.items()
    for name in model.model_fields
    if name.endswith("_id") and name != "donation_id"
]


@pytest.mark.parametrize(("type_", "name"), IDS)
def test_an_id_has_up_to_256_characters(type_: str, name: str) -> None:
    detail = exactly(event(type_, **{name: "i" * 256}), event(type_, **{name: "i" * 257}))
    assert detail.startswith(f"data.{name}: ")


Within = Callable[[str], JSON]
IDS_WITHIN: list[tuple[str, str, Within]] = [
    ("donation.made", "donation_id", lambda text: f"f:{text[2:]}"),
    ("email.sent", "experiment", lambda text: {"id": text, "variant": "B"}),
    ("interaction.retracted", "retracts", lambda text: {"source": text, "id": "1"}),
    ("email.sent", "contact", lambda text: {"external": {"van": text}}),
    ("email.sent", "contact", lambda text: {"voter_id": f"NY:{text[3:]}"}),
]


@pytest.mark.parametrize(("type_", "name", "within"), IDS_WITHIN)
def test_an_id_within_a_field_has_up_to_256_characters(type_: str, name: str, within: Within) -> None:
    exactly(event(type_, **{name: within("i" * 256)}), event(type_, **{name: within("i" * 257)}))


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("email.opened", "user_agent"),
        ("email.bounced", "reason"),
        ("email.opened", "team"),
        ("email.opened", "unknown"),
    ],
)
def test_a_string_has_up_to_1024_characters(type_: str, name: str) -> None:
    exactly(event(type_, **{name: "é" * 1024}), event(type_, **{name: "é" * 1025}))


def test_a_string_deep_in_unknown_fields_or_extensions_has_up_to_1024_characters() -> None:
    exactly(event(more={"a": ["s" * 1024]}), event(more={"a": ["s" * 1025]}))
    exactly(event() | {"extension": "s" * 1024}, event() | {"extension": "s" * 1025})
    exactly(with_field("n" * 1024, 1), with_field("n" * 1025, 1))


def test_an_address_of_the_web_has_up_to_8192_characters() -> None:
    assert exactly(event("email.clicked", url="u" * 8192), event("email.clicked", url="u" * 8193)).startswith(
        "data.url: "
    )
    exactly(event() | {"dataschema": "u" * 8192}, event() | {"dataschema": "u" * 8193})


def test_a_report_has_up_to_64_answers() -> None:
    answers: dict[str, JSON] = {f"van:{number}": number for number in range(64)}
    exactly(event("canvass.reported", answers=answers), event("canvass.reported", answers=answers | {"van:64": 64}))


@pytest.mark.parametrize("name", ["tags_added", "tags_removed"])
def test_a_report_has_up_to_32_tags(name: str) -> None:
    tags: list[JSON] = [str(number) for number in range(32)]
    exactly(event("canvass.reported", **{name: tags}), event("canvass.reported", **{name: [*tags, "32"]}))


def test_an_event_is_up_to_8_levels_deep() -> None:
    assert exactly(event(more=nested(6)), event(more=nested(7))).startswith("data.*: ")
    exactly(event() | {"extension": nested(7)}, event() | {"extension": nested(8)})
    assert refused(event(more=nested(200))).reason == Reason.INVALID_DATA


def test_the_levels_of_binary_mode_are_counted_as_if_it_were_structured() -> None:
    def result(levels: int) -> object:
        content = event(contact={"contact_id": "c1"}, more=nested(levels))
        headers = [(f"ce_{name}", text.encode()) for name, text in content.items() if isinstance(text, str)]
        return decode(Record("email-events", orjson.dumps(content["data"]), headers, NOW))

    assert not isinstance(result(6), Refusal)
    assert isinstance(result(7), Refusal)


def test_a_long_header_is_a_long_string() -> None:
    headers = [(f"ce_{name}", text.encode()) for name, text in event().items() if isinstance(text, str)]
    value = orjson.dumps(event()["data"])
    assert not isinstance(decode(Record("email-events", value, [*headers, ("ce_x", b"s" * 1024)], NOW)), Refusal)
    assert isinstance(decode(Record("email-events", value, [*headers, ("ce_x", b"s" * 1025)], NOW)), Refusal)


def test_every_regime_has_its_defaults() -> None:
    assert tuple(REGIMES) == get_args(RegimeName)
    assert all(regime.settings.keys() <= Settings.model_fields.keys() for regime in REGIMES.values())


@pytest.mark.parametrize("name", REGIMES)
def test_its_country_is_that_of_its_policy_and_its_zone_and_phone_region_are_known(name: RegimeName) -> None:
    regime = REGIMES[name]
    assert default_policy(name).hours.country == regime.country
    assert zones_of_country(regime.country)
    assert is_time_zone(regime.time_zone)
    assert regime.phone_region == NO_COUNTRY or regime.phone_region in phonenumbers.SUPPORTED_REGIONS


@pytest.mark.parametrize("name", ["fr", "eu"])
def test_its_policy_says_what_that_of_the_united_states_says_and_names_the_texts_to_read(name: RegimeName) -> None:
    said, usual = tomllib.loads(default_policy_text(name)), tomllib.loads(default_policy_text())
    assert said.keys() == {*usual, "conditions"}
    assert all(said[section].keys() >= usual[section].keys() for section in usual if section != "hours")
    head = default_policy_text(name).split("\n\n")[0]
    assert "Regulation (EU) 2016/679 (GDPR)" in head
    assert "A human has to judge" in head


def test_the_members_of_the_union_are_twenty_seven_countries_with_clocks() -> None:
    assert len(EU_MEMBERS) == 27
    assert all(zones_of_country(code) for code in EU_MEMBERS)
    overseas = {zone for code in ("GP", "MQ", "GF", "RE", "YT", "MF") for zone in zones_of_country(code)}
    assert overseas < set(zones_of_country("EU"))
    assert {"Atlantic/Azores", "Asia/Nicosia", "Europe/Paris"} <= set(zones_of_country("EU"))
    assert "Europe/London" not in zones_of_country("EU")


def test_without_a_country_a_number_needs_its_country_code() -> None:
    assert normalise_phone("06 39 98 12 34", NO_COUNTRY) is None
    assert normalise_phone("+33 6 39 98 12 34", NO_COUNTRY) == normalise_phone("06 39 98 12 34", "FR") == "+33639981234"
