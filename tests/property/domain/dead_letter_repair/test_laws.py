"""Laws of repair."""

from collections.abc import Sequence

import orjson
from hypothesis import given
from hypothesis import strategies as st

from events.json_types import JSON
from streams.domain.dead_letter_repair.casting import KINDS, cast
from streams.domain.dead_letter_repair.letters import Letter
from streams.domain.dead_letter_repair.mapping import Mapping
from streams.domain.dead_letter_repair.mapping_application import apply_mapping, change_event
from streams.domain.dead_letter_repair.selection import LetterSelection
from streams.operations.requeue.requeue_run import RequeueCounts, RequeueOptions, letters_to_send
from tests.unit.domain.dead_letter_repair.writing import letter, rules, saying

NAMES = st.sampled_from(["data", "contact", "amount", "time", "type", "a", "b", "id"])
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=20)
VALUES: st.SearchStrategy[JSON] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
EVENTS = st.dictionaries(NAMES, VALUES, max_size=5)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(tuple)
KIND = st.sampled_from([*KINDS, "time@America/New_York", "time@UTC"])
MAPPINGS = st.builds(
    Mapping.model_construct,
    rename=st.dictionaries(PATHS, PATHS, max_size=3),
    values=st.dictionaries(PATHS, st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2), max_size=2),
    default=st.dictionaries(PATHS, st.booleans() | st.integers(0, 9) | st.text(max_size=3), max_size=2),
    cast=st.dictionaries(PATHS, KIND, max_size=3),
)
WRITTEN = EVENTS.map(lambda event: orjson.dumps(_whole(event))) | st.binary(max_size=40)
HEADER_NAMES = st.sampled_from(["ce_id", "ce_type", "ce_specversion", "ce_data", "x"])
HEADERS = st.lists(st.tuples(HEADER_NAMES, st.none() | st.binary(max_size=5)), max_size=4)


def _whole(value: JSON) -> JSON:
    """Without numbers that JSON libraries disagree about."""
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return None if isinstance(value, int) and abs(value) >= 2**63 else value


@given(WRITTEN, HEADERS, MAPPINGS)
def test_a_mapping_never_raises(value: bytes, headers: list[tuple[str, bytes | None]], mapping: Mapping) -> None:
    made, _ = apply_mapping(value, headers, mapping)
    assert made == value or made == orjson.dumps(orjson.loads(made or b""))


@given(WRITTEN, HEADERS)
def test_a_mapping_that_says_nothing_changes_no_byte(value: bytes, headers: list[tuple[str, bytes | None]]) -> None:
    assert apply_mapping(value, headers, Mapping()) == (value, headers)


@given(VALUES, KIND)
def test_a_cast_never_raises_and_its_result_stays_what_it_is(value: JSON, kind: str) -> None:
    once = cast(value, kind)
    assert repr(cast(once, kind)) == repr(once)


@given(EVENTS, st.dictionaries(PATHS, PATHS, max_size=3))
def test_renaming_loses_no_value(event: dict[str, JSON], names: dict[tuple[str, ...], tuple[str, ...]]) -> None:
    before = sorted(map(repr, _values(event)))
    change_event(event, Mapping.model_construct(rename=names, values={}, default={}, cast={}))
    assert sorted(map(repr, _values(event))) == before


def _values(value: JSON) -> list[JSON]:
    """All that stands in it, but for objects and for nulls, which count as absent."""
    if isinstance(value, dict):
        return [found for inner in value.values() for found in _values(inner)]
    return [] if value is None else [value]


MESSAGES = st.sampled_from([saying(), saying(message_id="m2"), saying(message_id=None), b"{"])
LETTERS = st.lists(st.builds(letter, MESSAGES, offset=st.integers(0, 5), at=st.integers(0, 3)), max_size=20)
ORDER = RequeueOptions(LetterSelection(), rules(old_messages=True))


def call(letters: Sequence[Letter], known: set[str], limit: int | None) -> tuple[list[str], RequeueCounts]:
    account = RequeueCounts()
    order = RequeueOptions(ORDER.choice, ORDER.rules, limit=limit)
    return [one.name for one, _ in letters_to_send(letters, order, known, account)], account


@given(LETTERS, st.none() | st.integers(1, 5))
def test_each_record_is_sent_once_in_as_many_calls_as_there_are(letters: list[Letter], limit: int | None) -> None:
    known: set[str] = set()
    sent: list[str] = []
    for _ in range(len(letters) + 1):
        more, account = call(letters, set(known), limit)
        known |= set(more)  # as it is read again by the next call
        sent += more
        assert limit is None or len(more) <= limit
        assert account.left.total() + account.refused.total() + len(more) == account.matched
    assert sorted(sent) == sorted({one.name for one in letters if one.value in (saying(), saying(message_id="m2"))})
