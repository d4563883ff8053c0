"""The short way through intake gives what the long one gives, or nothing, for whatever a record may hold."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from events.contact import HashedContact
from events.envelope import Record, decode
from events.fast_intake import harmonise_fast
from events.harmonised import IntakeResult, take_in
from events.identifiers import Hasher
from events.json_types import JSON
from events.producer_structs import PRODUCER_EVENTS
from events.refusal import Refusal
from events.registry import MODELS
from events.times import render_time
from tests.property.events.saying import NOW, TOPICS, events, names, record, scalars, shallow, written
from tests.property.events.test_decode_laws import flipped, some_headers
from tests.unit.domain.contact.records import EDGES

HASHER = Hasher([b"key"])
ROTATING = Hasher([b"key", b"old", b"older"], gmail_aliases=True)
OVERSEAS = Hasher([b"key"], "FR", overseas=True)

ATTRIBUTES = [
    *("specversion", "id", "source", "time", "dataschema", "datacontenttype", "subject", "partitionkey", "tenant"),
]
EDGES_OF_ENVELOPES: list[JSON] = [
    *("1.0", "2012-02-22T00:00:00Z", "2012-02-22T00:00:00.000+01:00", "9999-12-31T23:59:60.999Z", "2012-02-22"),
    *("https://x/2", "https://x/v1", "/", "urn:x", "https://host/path", "\x7f", 'a"b'),
    *("x" * 256, "x" * 257, "x" * 8_192, "x" * 8_193),
]
_SYSTEMS: list[JSON] = [{"van": "1"}, {"VAN": "1"}, {" van": "1"}, {"van": " "}, {"van": None}, {"b": "y", "a": "x"}]
EDGES_OF_CONTACTS: list[JSON] = [
    *("oh:1", " OH : 1 ", "OH:", "O:1", "OH:\x7f", " A@B.example ", "a@b", "a@" + "b" * 1_024),
    *("(212) 555-0199", "5550199", "+44 20 7946 0000", "0692 12 34 56", "+262692123456"),
    *("apple", "jane@icloud.com", "jane@ＭＥ.com"),
    *_SYSTEMS,
]
anything = st.sampled_from([*EDGES, *EDGES_OF_ENVELOPES, *EDGES_OF_CONTACTS]) | shallow | scalars
fields = st.sampled_from(sorted({name for model in MODELS.values() for name in model.model_fields})) | names
contact_fields = st.sampled_from(sorted(HashedContact.model_fields)) | names


def the_long_way(read: Record, hasher: Hasher = HASHER) -> IntakeResult | None:
    interaction = decode(read, hasher.phone_region)
    return None if isinstance(interaction, Refusal) else take_in(interaction, hasher)


def agrees(read: Record) -> bool:
    return all(harmonise_fast(read, each) in (None, the_long_way(read, each)) for each in (HASHER, ROTATING, OVERSEAS))


def plain(content: dict[str, JSON]) -> dict[str, JSON]:
    """The event without what few send, such as fields that nobody knows and systems in capitals."""
    data = content["data"]
    assert isinstance(data, dict)
    known = MODELS[str(content["type"])].model_fields
    kept = {name: value for name, value in data.items() if name in known and name not in ("until", "starts_at")}
    if isinstance(answers := kept.get("answers"), dict):
        kept["answers"] = {name: value for name, value in answers.items() if isinstance(value, str | bool)}
    contact = data["contact"]
    if isinstance(contact, dict) and isinstance(external := contact.get("external"), dict):
        contact["external"] = {system.lower(): id_ for system, id_ in external.items()}
    return {name: value for name, value in content.items() if name not in ("traceparent", "tenant")} | {"data": kept}


usual = (
    events()
    .filter(lambda content: content["type"] in PRODUCER_EVENTS and str(content["time"]) <= render_time(NOW))
    .map(plain)
)
"""A time that is ahead of the record is for the slow path, where it may open something."""


@st.composite
def spoilt(draw: st.DrawFn) -> JSON:
    """A usual event with something else in up to three of its fields."""
    content = draw(usual)
    data = content["data"]
    assert isinstance(data, dict)
    contact = data["contact"]
    assert isinstance(contact, dict)
    for _ in range(draw(st.integers(1, 3))):
        where, name = draw(
            st.one_of(
                fields.map(lambda name: (data, name)),
                contact_fields.map(lambda name: (contact, name)),
                st.sampled_from(ATTRIBUTES).map(lambda name: (content, name)),
            )
        )
        if draw(st.booleans()):
            where[name] = draw(anything)
        else:
            where.pop(name, None)
    return content


@given(usual)
def test_the_fast_path_gives_the_same_bytes_for_a_common_event(content: dict[str, JSON]) -> None:
    read = record(written(content), content["type"])
    assert harmonise_fast(read, HASHER) == the_long_way(read) is not None


@given(events() | spoilt())
def test_the_fast_path_gives_the_same_bytes_or_none_for_any_event(content: JSON) -> None:
    type_ = content.get("type") if isinstance(content, dict) else None
    assert agrees(record(written(content), type_))


@given(usual, st.sampled_from(TOPICS) | st.text(), some_headers, st.integers(NOW - 10**13, NOW + 10**13))
def test_topic_headers_and_append_time_are_judged_alike_on_both_paths(
    content: dict[str, JSON], topic: str, headers: list[tuple[str, bytes | None]], appended_at: int
) -> None:
    assert agrees(Record(topic, written(content), headers, appended_at))


def inserted(value: bytes, at: int, more: bytes) -> bytes:
    place = at % (len(value) + 1)
    return value[:place] + more + value[place:]


def repeated(content: dict[str, JSON], name: str, value: JSON) -> bytes:
    """The event with an attribute that is given twice."""
    return written(content)[:-1] + b"," + written({name: value})[1:]


more = st.sampled_from([b"\\n", b"\\", b"0", b"-", b".5", b"e999", b" ", b"\x00", b"\xff", b"\\ud800", b"[" * 2_000])
values = st.one_of(usual, usual.map(lambda content: content | {"source": "Zoë\n/\U0001f600"})).flatmap(
    lambda content: st.sampled_from([written(content), json.dumps(content).encode()])
)
damaged = st.one_of(
    st.builds(flipped, values, st.integers(0), st.integers(0, 7)),
    st.builds(inserted, values, st.integers(0), more),
    st.builds(repeated, usual, st.sampled_from([*ATTRIBUTES, "type", "data"]), anything),
    st.builds(lambda value, rest: value + rest, values, st.binary(max_size=4)),
    st.binary(),
    st.none(),
)


@given(values, st.sampled_from(TOPICS))
def test_the_fast_path_gives_the_same_bytes_or_none_however_a_text_is_written(value: bytes, topic: str) -> None:
    assert agrees(Record(topic, value, (), NOW))


@given(damaged, st.sampled_from(TOPICS))
@example(b"[" * 100_000, "email-events")
@example(b'{"id":' + b"[" * 2_000 + b"]" * 2_000 + b',"type":"email.sent"}', "email-events")
@example(b" " * 262_145, "email-events")
def test_the_fast_path_gives_the_same_bytes_or_none_for_damaged_bytes(value: bytes | None, topic: str) -> None:
    assert agrees(Record(topic, value, (), NOW))
