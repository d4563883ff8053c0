"""Laws of intake."""

import json

import orjson
from hypothesis import assume, example, given
from hypothesis import strategies as st

from events.contact import HashedContact
from events.dead_letters import DeadLetter, Origin, dead_letter_headers
from events.envelope import Interaction, Record, decode, encode_binary, encode_structured, plain_data
from events.fast_intake import harmonise_fast
from events.harmonised import IntakeResult, harmonise, read_harmonised, take_in
from events.identifiers import Hasher
from events.interactions.commands import PairCommand
from events.json_types import JSON
from events.normalise import normalise_email, normalise_phone
from events.producer_structs import PRODUCER_EVENTS
from events.refusal import Reason, Refusal
from events.registry import MODELS
from events.times import render_time
from tests.property.events.saying import (
    NOW,
    TOPICS,
    contacts,
    events,
    names,
    record,
    scalars,
    shallow,
    spoilt_events,
    written,
)
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


header_names = st.sampled_from(
    ["ce_id", "ce_type", "ce_source", "ce_specversion", "ce_time", "ce_data", "content-type"]
)
some_headers = st.lists(st.tuples(header_names | st.text(), st.none() | st.binary() | st.just(b"1.0")), max_size=6)
topics = st.sampled_from(TOPICS) | st.text()
any_value = st.one_of(st.none(), st.binary(), spoilt_events().map(written), st.text().map(str.encode))


def flipped(value: bytes, at: int, bit: int) -> bytes:
    place = at % len(value)
    return value[:place] + bytes([value[place] ^ (1 << bit)]) + value[place + 1 :]


mutated = st.builds(flipped, events().map(written), st.integers(0), st.integers(0, 7))


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


@given(topics, any_value | mutated, some_headers)
def test_decoding_any_record_gives_an_interaction_or_a_refusal(
    topic: str, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    result = decode(Record(topic, value, headers, NOW))
    if isinstance(result, Refusal):
        assert 0 < len(result.detail) <= 200


@given(spoilt_events())
def test_a_record_that_cannot_be_refused_later_is_refused_now(content: JSON) -> None:
    type_ = content.get("type") if isinstance(content, dict) else None
    result = decode(record(written(content), type_))
    if isinstance(result, Interaction) and result.time_sent is None:
        assert decode(record(encode_structured(result), type_)) == result


@given(events())
def test_every_valid_event_is_taken(content: dict[str, JSON]) -> None:
    assert isinstance(decode(record(written(content), content["type"])), Interaction)


@given(events())
def test_decoding_undoes_encoding_in_both_modes(content: dict[str, JSON]) -> None:
    interaction = decode(record(written(content), content["type"]))
    assert isinstance(interaction, Interaction)
    assume(interaction.time_sent is None)  # else what is encoded has the time that was sent in its data
    assert decode(record(encode_structured(interaction), interaction.type)) == interaction
    value, headers = encode_binary(interaction)
    assert decode(record(value, interaction.type, tuple(headers))) == interaction


@given(
    some_headers,
    st.builds(Refusal, st.sampled_from(Reason), st.text()),
    st.builds(Origin, st.text(), st.text(), st.integers(0), st.integers(0)),
    st.integers(0, NOW),
)
def test_a_dead_letter_keeps_its_headers_and_can_be_read(
    headers: list[tuple[str, bytes | None]], refusal: Refusal, origin: Origin, time: int
) -> None:
    given_away = dead_letter_headers(headers, refusal, origin, time)
    assert given_away[: len(headers)] == headers
    assert DeadLetter.of(given_away) == DeadLetter(refusal, origin, time, time)


def said(content: dict[str, JSON]) -> Interaction:
    interaction = decode(record(written(content), content["type"]))
    assert isinstance(interaction, Interaction)
    return interaction


def raw_identifiers(interaction: Interaction) -> list[str]:
    contact = interaction.data.contact
    email, phone = contact.email or "", contact.phone or ""
    voter = (contact.voter_id or "").partition(":")[2]
    found = [
        email,
        normalise_email(email),
        phone,
        normalise_phone(phone, "US"),
        voter,
        *(contact.external or {}).values(),
    ]
    return [text for text in found if text]


@given(events())
def test_no_identifier_is_written_but_the_contact_id(content: dict[str, JSON]) -> None:
    interaction = said(content)
    fragment, value = harmonise(interaction, HASHER)
    text = value.decode()
    assume(str(interaction.data.plain().get("amount")) not in raw_identifiers(interaction))  # a number is a number
    for identifier in raw_identifiers(interaction):
        assert identifier not in text
        assert identifier not in fragment


@given(events())
def test_the_fields_that_count_are_read_back_from_a_harmonised_record(content: dict[str, JSON]) -> None:
    interaction = said(content)
    read = read_harmonised(harmonise(interaction, HASHER)[1])
    assert isinstance(read, Interaction)
    assert (read.id, read.source, read.type, read.time) == (
        *(interaction.id, interaction.source, interaction.type, interaction.time),
    )
    before, after = plain_data(interaction), read.data.plain()
    contact, hashed = before.pop("contact"), after.pop("contact")
    team = after.pop("team")
    assert team
    assert team == before.pop("team", team)
    assert after == before
    assert isinstance(contact, dict)
    assert isinstance(hashed, dict)
    for name in ("contact_id", "region", "postal_code", "time_zone", "language", "household"):
        assert hashed.get(name) == contact.get(name)


@given(events())
def test_harmonising_the_same_gives_the_same(content: dict[str, JSON]) -> None:
    assert harmonise(said(content), HASHER) == harmonise(said(content), HASHER)


@given(events())
def test_the_fragment_stands_in_the_record(content: dict[str, JSON]) -> None:
    interaction = said(content)
    fragment, value = harmonise(interaction, HASHER)
    assert fragment in value.decode()
    if not isinstance(interaction.data, PairCommand):
        assert fragment == HASHER.fragment(interaction.data.contact)


@given(contacts(), st.data())
def test_the_order_of_fields_does_not_choose_the_fragment(contact: dict[str, JSON], data: st.DataObject) -> None:
    def fragment(given: dict[str, JSON]) -> str:
        body = orjson.dumps({"contact": given, "form_id": "f"})
        event = {
            "specversion": "1.0",
            "id": "1",
            "source": "s",
            "type": "form.submitted",
            "time": "2012-02-22T00:00:00Z",
        }
        interaction = decode(record(orjson.dumps(event | {"data": orjson.Fragment(body)}), "form.submitted"))
        assert isinstance(interaction, Interaction)
        return harmonise(interaction, HASHER)[0]

    shuffled = dict(data.draw(st.permutations(list(contact.items()))))
    assert fragment(contact) == fragment(shuffled)
