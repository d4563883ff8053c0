from hypothesis import assume, given
from hypothesis import strategies as st

from events.dead_letters import DeadLetter, Origin, dead_letter_headers
from events.envelope import Interaction, Record, decode, encode_binary, encode_structured
from events.json_types import JSON
from events.refusal import Reason, Refusal
from tests.property.events.saying import NOW, TOPICS, events, record, spoilt_events, written

names = st.sampled_from(["ce_id", "ce_type", "ce_source", "ce_specversion", "ce_time", "ce_data", "content-type"])
some_headers = st.lists(st.tuples(names | st.text(), st.none() | st.binary() | st.just(b"1.0")), max_size=6)
topics = st.sampled_from(TOPICS) | st.text()
values = st.one_of(st.none(), st.binary(), spoilt_events().map(written), st.text().map(str.encode))


def flipped(value: bytes, at: int, bit: int) -> bytes:
    place = at % len(value)
    return value[:place] + bytes([value[place] ^ (1 << bit)]) + value[place + 1 :]


mutated = st.builds(flipped, events().map(written), st.integers(0), st.integers(0, 7))


@given(topics, values | mutated, some_headers)
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
