from collections.abc import Callable

import orjson
import pytest

from events.envelope import Record, decode
from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.registry import MODELS
from tests.unit.events.records import NOW, accepted, event, refused, with_field


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
