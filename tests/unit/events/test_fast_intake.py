"""Each field of each usual event, with whatever may stand there: the short way is the long one, or none."""

import orjson
import pytest

from events.contact import Contact
from events.envelope import Record, decode
from events.fast_intake import harmonise_fast
from events.fields import MAX_HEADER_BYTES
from events.harmonised import IntakeResult, take_in
from events.identifiers import Hasher
from events.interactions.base import InteractionData
from events.json_types import JSON
from events.producer_structs import PRODUCER_EVENTS, data_struct_of
from events.refusal import Refusal
from events.registry import MODELS
from tests.unit.domain.contact.records import EDGES
from tests.unit.events.records import event, record

HASHER = Hasher([b"key"])
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
