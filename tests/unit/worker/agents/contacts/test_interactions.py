"""Interactions that the agent of contacts takes."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import cast

import orjson
import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from events.dead_letters import DeadLetter, Origin
from events.json_types import JSON
from events.refusal import Reason
from events.times import render_time
from events.topics import CONTACT_STATE, CONTACT_SUPPRESSIONS, DEAD_LETTERS, IDENTITY_LINKS, INTERACTIONS
from streams.domain.contact import ContactState, FoldOutcome, decode, encode
from streams.domain.contact.fold import ROOM
from streams.domain.contact.identity.identity_assignment import is_by_itself
from streams.domain.pressure import default_policy
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.runs import Run
from streams.engine.store import MemoryStore, Position
from streams.engine.table import ChunkTable
from streams.engine.table_partition import Fold
from streams.engine.writer import Output
from streams.platform.settings import Settings
from streams.worker.agents.contacts.agent import ContactsAgent
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import GENERATION_BITS
from streams.worker.agents.segments.registry import registry_in
from streams.worker.metrics import Metrics
from tests.unit.engine.kafka_records import SOURCE, Fetched
from tests.unit.events.records import NOW
from tests.unit.worker.agents.contacts.interaction_records import (
    AT,
    GENERATION,
    HASHER,
    folded,
    kept,
    keyed,
    said,
    state_of,
    valued,
)

HOUR = 3_600_000
TODAY = render_time(NOW)
FIRST = GENERATION << GENERATION_BITS


def profiles(folding: InteractionsHandler) -> dict[bytes | None, dict[str, object]]:
    """By key, the value of each output to `contact-state`."""
    return {
        out.key: orjson.loads(out.value or b"null") for out in folding.effects.outputs if out.topic == CONTACT_STATE
    }


def only_output(folding: InteractionsHandler) -> Output:
    [output] = folding.effects.outputs
    return output


def consent(offset: int, id_: str, time: int, *, granted: bool) -> Fetched:
    return said(offset, "consent.changed", id_=id_, time=time, channel="email", granted=granted)


def ruling(offset: int, time: int) -> Fetched:
    return said(offset, "contact.linked", id_="same", time=time, contact_ids=["c2", "c1"])


@pytest.mark.parametrize("beside", [(), (said(3, "donation.made", time=NOW),)])
def test_a_copy_that_is_earlier_is_kept_and_shown_whatever_else_its_chunk_holds(beside: Sequence[Fetched]) -> None:
    store = MemoryStore()
    no, late = consent(1, "no", NOW - HOUR, granted=False), consent(0, "yes", NOW, granted=True)
    kept(folded(late, no, store=store), store)

    folding = folded(consent(2, "yes", NOW - 2 * HOUR, granted=True), *beside, store=store)

    assert profiles(folding)[b"c1"]["consent"] == {"email": False}
    assert profiles(folding)[b"c1"]["version"] == FIRST + 2
    assert [out.value for out in folding.effects.outputs if out.topic == CONTACT_SUPPRESSIONS] != []
    assert folding.tally.types == Counter("donation.made" for _ in beside)
    assert folding.outcomes == Counter({FoldOutcome.EARLIER: 1} | ({FoldOutcome.APPLIED: 1} if beside else {}))


def test_a_copy_of_a_suppression_that_is_earlier_is_shown_in_the_profile() -> None:
    store = MemoryStore()
    kept(folded(said(0), said(1, "contact.suppressed", id_="stop", time=NOW + HOUR), store=store), store)

    folding = folded(said(2, "contact.suppressed", id_="stop"), store=store)

    assert profiles(folding)[b"c1"]["stops"]["all"]["at"] == TODAY  # type: ignore[index]


def test_a_copy_of_a_ruling_that_is_earlier_is_told() -> None:
    store = MemoryStore()
    kept(folded(ruling(0, NOW), store=store), store)

    told = only_output(folded(ruling(1, NOW - HOUR), store=store))

    assert (told.topic, told.key) == (IDENTITY_LINKS, b"said/c1/c2")


def test_a_profile_tells_when_its_newest_interaction_was_received() -> None:
    folding = folded(said(5), said(9), said(10, who="c2"), said(11, id_="i9"))

    received = {output.key: dict(output.headers)["received_at"] for output in folding.effects.outputs}

    assert received == {b"c1": b"%d" % (NOW + 9), b"c2": b"%d" % (NOW + 10)}


@pytest.mark.parametrize(("type_", "same"), [("contact.linked", True), ("contact.unlinked", False)])
def test_a_ruling_is_told_and_shows_no_profile(type_: str, same: bool) -> None:
    store = MemoryStore()
    folding = folded(said(0, type_, contact_ids=["c2", "c1"]), store=store)
    kept(folding, store)

    told = only_output(folding)
    assert (told.topic, told.partition, told.key) == (IDENTITY_LINKS, 0, b"said/c1/c2")
    assert orjson.loads(told.value or b"")["same"] is same
    again = folded(said(1, type_, id_="i0", contact_ids=["c2", "c1"]), store=store)
    assert (again.effects.changes, again.effects.outputs) == ({}, [])
    assert again.outcomes == {FoldOutcome.DUPLICATE: 1}


def test_a_channel_is_closed_by_a_stop_and_open_again_when_that_is_taken_back() -> None:
    store = MemoryStore()
    kept(folded(said(0), store=store), store)

    stopped = folded(said(1, "text.opted_out"), store=store)
    kept(stopped, store)

    _, closed = stopped.effects.outputs
    why = {"reason": "opted_out", "since": "2012-02-22T10:00:00.000Z", "source": "digital/mailer", "id": "i1"}
    assert (closed.topic, orjson.loads(closed.value or b"")) == (CONTACT_SUPPRESSIONS, {"text": why})
    heard_again = folded(said(2), store=store)
    assert [out.topic for out in heard_again.effects.outputs] == [CONTACT_STATE]

    kept(heard_again, store)
    taken_back = said(3, "interaction.retracted", retracts={"source": "digital/mailer", "id": "i1"})
    opened = folded(taken_back, store=store)
    assert [(out.topic, out.value is None) for out in opened.effects.outputs] == [
        (CONTACT_STATE, False),
        (CONTACT_SUPPRESSIONS, True),
    ]
    assert is_by_itself(state_of(opened, "c1"))


def test_whom_an_interaction_names_is_told_once_and_withdrawn_with_it() -> None:
    store = MemoryStore()
    named: dict[str, JSON] = {"contact_id": "c1", "voter_id": "NY:1", "email": "ada@example.org"}
    first = folded(said(0, contact=named), store=store)
    kept(first, store)
    second = folded(said(1, contact=named), store=store)
    kept(second, store)
    retractions = [
        said(2 + number, "interaction.retracted", retracts={"source": "digital/mailer", "id": f"i{number}"})
        for number in (0, 1)
    ]
    third = folded(retractions[0], store=store)
    kept(third, store)
    fourth = folded(retractions[1], store=store)

    voter, email = HASHER.voter("NY:1"), HASHER.email("ada@example.org")
    edges = [f"seen/c1/c1/{voter}".encode(), f"seen/c1/c1/{email}".encode()]
    assert set(links(first)) == set(edges)
    assert orjson.loads(links(first)[edges[0]] or b"")["b_class"] == "voter:NY"
    assert (links(second), links(third)) == ({}, {})
    assert links(fourth) == dict.fromkeys(edges)


def links(folding: InteractionsHandler) -> dict[bytes | None, bytes | None]:
    """What the links agent is told, by key."""
    return {out.key: out.value for out in folding.effects.outputs if out.topic == IDENTITY_LINKS}


def erase(offset: int, since: int, who: str = "c1") -> Fetched:
    """Decided a second after everything else."""
    return said(offset, "contact.erased_if_inactive", who, time=NOW + 1_000, inactive_since=render_time(since))


@pytest.mark.parametrize("at_once", [True, False])
def test_who_gave_after_the_count_is_not_erased_for_doing_nothing(at_once: bool) -> None:
    """The gift was heard before the command, be it in the same chunk."""
    store = MemoryStore()
    gift, command = said(0, "donation.made"), erase(1, NOW - 1)
    if at_once:
        folding = folded(gift, command, store=store)
        kept(folding, store)
    else:
        kept(folded(gift, store=store), store)
        folding = folded(command, store=store)
        assert folding.effects.outputs == []
    assert folding.outcomes[FoldOutcome.IN_VAIN] == 1
    assert profiles(folded(said(2), store=store))[b"c1"]["counts"] == {"donation.made": 1, "email.opened": 1}


def test_who_has_done_nothing_since_is_erased_by_it_and_nobody_who_is_not_known() -> None:
    store = MemoryStore()
    kept(folded(said(0, "donation.made"), store=store), store)
    erasing = folded(erase(1, NOW), store=store)
    assert erasing.outcomes == {FoldOutcome.APPLIED: 1}
    kept(erasing, store)
    assert profiles(erasing) == {b"c1": None}
    for again in (erase(1, NOW), erase(2, NOW), erase(3, NOW, "c2")):
        assert folded(again, store=store).outcomes == {FoldOutcome.IN_VAIN: 1}


class Waiting:
    """The turn of one partition, for which whoever comes waits; what is folded is folded twice."""

    def __init__(self, between: Callable[[], None]) -> None:
        self.states: States[ContactState] = States(MemoryStore(), Codec(encode, decode), RecentStates(0))
        self.turn = asyncio.Event()
        self._between = between

    async def apply(self, chunk: Run, fold: Fold[ContactState]) -> None:
        await self.turn.wait()
        fold(self.states, chunk.records)
        self._between()
        fold(self.states, chunk.records)


async def test_a_chunk_is_judged_by_one_policy_that_of_when_it_is_folded() -> None:
    first, second, third = holds = [default_policy().model_copy() for _ in range(3)]
    waiting = Waiting(lambda: holds.remove(second))
    table, metrics = cast(ChunkTable[ContactState], waiting), Metrics(CollectorRegistry())
    agent = ContactsAgent(
        table, Settings(partitions=1), metrics, lambda: 0, policy=lambda: holds[0], on_work=lambda *_: None
    )
    folding = asyncio.create_task(agent(Run(TP(INTERACTIONS, 0), [], 0, 1)))
    await asyncio.sleep(0)
    holds.remove(first)
    waiting.turn.set()
    await folding
    registry = registry_in(waiting.states.memory)
    assert registry is not None
    assert registry.policy is second
    assert holds == [third]


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
