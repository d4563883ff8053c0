import orjson
import pytest

from events.json_types import JSON
from streams.domain.dead_letter_repair.casting import cast
from streams.domain.dead_letter_repair.mapping_application import apply_mapping
from tests.unit.domain.dead_letter_repair.writing import Headers, mapping_of

BINARY: Headers = [
    ("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"s"), ("ce_type", b"old"), ("trace", b"\xff"),
]  # fmt: skip


def mended(event: dict[str, JSON], mapping: str) -> JSON:
    value, headers = apply_mapping(orjson.dumps(event), (), mapping_of(mapping))
    assert headers == ()
    found: JSON = orjson.loads(value or b"")
    return found


def test_a_field_gets_its_name_with_the_objects_on_the_way() -> None:
    event: dict[str, JSON] = {"payload": {"sum": 5}, "when": "now"}
    renamed = mended(event, '[rename]\npayload.sum = "data.a.b"\nwhen = "time"')
    assert renamed == {"payload": {}, "time": "now", "data": {"a": {"b": 5}}}


def test_what_is_there_is_never_overwritten() -> None:
    event: dict[str, JSON] = {"data": {"sum": 5, "amount": 7, "kind": None}}
    mapping = '[rename]\ndata.sum = "data.amount"\n[default]\ndata.amount = 9\ndata.kind = "void"'
    assert mended(event, mapping) == {"data": {"sum": 5, "amount": 7, "kind": "void"}}


def test_words_are_said_anew_only_as_a_whole() -> None:
    event: dict[str, JSON] = {"type": "email.open", "data": {"kind": "email.open.twice"}}
    mapping = '[values]\ntype = {"email.open" = "email.opened"}\n"data.kind" = {"email.open" = "x"}'
    assert mended(event, mapping) == {"type": "email.opened", "data": {"kind": "email.open.twice"}}


def test_a_record_in_binary_mode_stays_in_it() -> None:
    mapping = mapping_of('[values]\ntype = {old = "new"}\n[default]\ntime = "t"\n[cast]\ndata.n = "int"')
    value, headers = apply_mapping(b'{"n": "5"}', BINARY, mapping)
    assert value == b'{"n":5}'
    assert headers == [
        ("trace", b"\xff"), ("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"s"), ("ce_type", b"new"),
        ("ce_time", b"t"),
    ]  # fmt: skip


@pytest.mark.parametrize("value", [b"{", None, b"[]", b'{"data":  [1]}', b'{"data":{"n": "x"}}'])
def test_what_nothing_is_changed_in_stays_byte_for_byte(value: bytes | None) -> None:
    mapping = mapping_of('[rename]\ndata.a.b = "data.c"\n[values]\ndata.d = {x = "y"}\n[cast]\ndata.n = "int"')
    assert apply_mapping(value, BINARY[4:], mapping) == (value, BINARY[4:])


CASTS: list[tuple[str, JSON, JSON]] = [
    ("int", " 2500 ", 2500),
    ("int", "-3", -3),
    ("int", 5.0, 5),
    ("float", "2.5", 2.5),
    ("float", 2, 2.0),
    ("bool", "Yes", True),
    ("bool", 0, False),
    ("str", 17, "17"),
    ("time", "2012-11-06 10:00:00Z", "2012-11-06T10:00:00.000Z"),
    ("time@America/New_York", "2012-11-06 10:00", "2012-11-06T15:00:00.000Z"),
    ("time@America/New_York", "2012-11-06T10:00:00Z", "2012-11-06T10:00:00.000Z"),
    ("time_s", "1352160000", "2012-11-06T00:00:00.000Z"),
    ("time_ms", 1_352_160_000_000, "2012-11-06T00:00:00.000Z"),
]
GUESSES: list[tuple[str, JSON]] = [
    *(("int", "25.00"), ("int", "1_000"), ("int", "٣"), ("int", 2.5), ("int", True), ("int", 1e300)),
    *(("float", "nan"), ("float", "1e999"), ("bool", "perhaps"), ("bool", 2), ("str", 2.5), ("str", True)),
    *(("time", "2012-11-06 10:00"), ("time", "11/06/2012"), ("time@America/New_York", "2012-11-06")),
    *(("time_s", "soon"), ("time_s", 1e300), ("time_ms", None), ("int", "9" * 5000)),
]


@pytest.mark.parametrize(("kind", "value", "made"), CASTS)
def test_a_value_is_read_as_what_it_means(kind: str, value: JSON, made: JSON) -> None:
    assert (cast(value, kind), type(cast(value, kind))) == (made, type(made))


@pytest.mark.parametrize(("kind", "value"), GUESSES)
def test_nothing_is_guessed(kind: str, value: JSON) -> None:
    assert cast(value, kind) is value
