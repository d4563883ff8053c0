from dataclasses import replace
from functools import cache

import pytest

from events.dead_letters import DeadLetter, Origin
from events.refusal import Reason
from events.topics import CONTACT_STATE, CONTACT_SUPPRESSIONS, DEAD_LETTERS
from streams.domain.contact import ContactState, FoldOutcome, encode
from streams.domain.contact.fold import ROOM
from streams.engine.store import MemoryStore, Position
from streams.engine.writer import Output
from streams.worker.agents.contacts.interactions import InteractionsHandler
from tests.unit.engine.kafka_records import SOURCE, Fetched
from tests.unit.worker.agents.contacts.interaction_records import AT, folded, keyed, said, state_of, valued

OWN: list[tuple[str, bytes | None]] = [("trace", b"\xff"), ("empty", None)]


def letters(folding: InteractionsHandler) -> list[Output]:
    return [output for output in folding.effects.outputs if output.topic == DEAD_LETTERS]


def reason(record: Fetched) -> Reason:
    """Why a record is refused whose neighbours, of the same contact and of another, are taken."""
    folding = folded(said(0), record, said(2, who="c2"))
    [letter] = letters(folding)
    told = DeadLetter.of(letter.headers)
    assert told is not None
    assert folding.effects.changes.keys() == {b"c1", b"c2"}
    assert folding.outcomes == {FoldOutcome.APPLIED: 2}
    assert folding.refusals == {told.refusal.reason: 1}
    return told.refusal.reason


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, Reason.NOT_JSON),
        (b"", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b"[]", Reason.NOT_CLOUDEVENT),
        (b'{"specversion":"1.0","id":"1","source":"s","type":"email.eaten"}', Reason.UNKNOWN_TYPE),
        (b'{"specversion":"1.0","id":"1","source":"s","type":"email.sent"}', Reason.NO_TIME),
    ],
)
def test_a_bad_value_costs_no_neighbour(value: bytes | None, expected: Reason) -> None:
    assert reason(valued(value, said(1))) is expected


@pytest.mark.parametrize("key", [None, b"", b"\xff\xfe", b"\x00watermark\x00interactions\x003", b"c1\n"])
def test_a_key_that_is_no_contact_costs_no_neighbour(key: bytes | None) -> None:
    assert reason(keyed(key, said(1))) is Reason.INVALID_DATA


def test_a_dead_letter_is_the_record_as_it_came_and_says_where_it_was() -> None:
    record = replace(said(7), key=None, headers=OWN)

    [letter] = letters(folded(record))

    assert (letter.partition, letter.key, letter.value) == (SOURCE.partition, None, record.value)
    assert list(letter.headers)[:2] == OWN
    told = DeadLetter.of(letter.headers)
    assert told is not None
    assert (told.origin, told.time) == (Origin("contacts", SOURCE.topic, SOURCE.partition, 7), AT)


@cache
def store_with_a_full_contact() -> MemoryStore:
    store = MemoryStore()
    store.write({b"c1": encode(ContactState(weight=ROOM, version=4))}, Position("topic", 1, 0))
    return store


def test_what_a_full_contact_does_not_take_is_a_dead_letter() -> None:
    folding = folded(said(1), said(2, who="c2"), store=store_with_a_full_contact())

    [letter] = letters(folding)
    told = DeadLetter.of(letter.headers)
    assert told is not None
    assert (told.refusal.reason, told.origin.offset) == (Reason.CONTACT_FULL, 1)
    assert folding.effects.changes.keys() == {b"c2"}
    assert folding.outcomes == {FoldOutcome.FULL: 1, FoldOutcome.APPLIED: 1}
    assert folding.refusals == {Reason.CONTACT_FULL: 1}


def test_a_full_contact_is_still_heard_when_it_says_no() -> None:
    folding = folded(said(1), said(2, "email.unsubscribed"), store=store_with_a_full_contact())

    assert [output.topic for output in folding.effects.outputs] == [DEAD_LETTERS, CONTACT_STATE, CONTACT_SUPPRESSIONS]
    assert state_of(folding, "c1").version == 5
