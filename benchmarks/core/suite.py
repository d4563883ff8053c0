"""CPU of this thread for a record of each agent, everything that waits left out.

A round is a second or two long and several are made for each that is asked for, since what neighbours do shows in them.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import FrameType
from typing import Any

from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from benchmarks.core.load import KEYS, NOW_MS, News, chunks, news, said
from benchmarks.results import Figure, Section
from benchmarks.suites import Orders
from events.identifiers import Hasher
from sinks.batch import newest_changes, pack
from streams.domain.contact import ContactState, decode, encode
from streams.domain.pressure import default_policy
from streams.domain.quarantine.flood_detection import RefusalCounter
from streams.domain.quarantine.guard import QuarantineGuard
from streams.engine.aiokafka_patches.fetched_records import FetchedRecord
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.garbage_collector import collect_rarely
from streams.engine.runs import Run
from streams.engine.store import MemoryStore, Position
from streams.engine.writer import Outbox, Output
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.intake.agent import IntakeAgent
from streams.worker.agents.sinks.redis_sink import change_of
from streams.worker.metrics import Metrics

CONTACTS, QUICK_CONTACTS = 5_000, 500
RECORDS_EACH = 4
"""Records of a contact that intake sees, as in the benchmark of the pipeline."""
FACTS = (3, 10, 40)
ROUNDS_EACH = 5
_PARTITIONS = 8
_CODEC = Codec(encode, decode)
_PRINTER = RecordBuilder(0, 8, 1)


class _Nowhere(Outbox):
    """Keeps nothing of what it is given to write."""

    async def write(self, outputs: Sequence[Output]) -> None:
        pass


def core(orders: Orders) -> Section:
    """Measure intake, contacts with few and many facts, and the sink."""
    contacts = QUICK_CONTACTS if orders.quick else CONTACTS
    rounds = range(orders.rounds * ROUNDS_EACH)
    incoming = said(contacts, contacts * RECORDS_EACH, orders.seed)
    heard = {facts: news(contacts, facts, orders.seed) for facts in FACTS}
    late = {facts: news(contacts, facts, orders.seed, late=True) for facts in FACTS}
    profiles = _written(heard[FACTS[0]])
    _settle_down()
    figures = [
        _figure("intake", [asyncio.run(_intake(incoming)) for _ in rounds]),
        *_of_contacts("contacts, {} facts", heard, rounds, _Known.at_hand),
        *_of_contacts("contacts, {} facts, in any order", late, rounds, _Known.at_hand),
        *_of_contacts("contacts, {} facts, from the store", heard, rounds, _Known.stored),
        _figure("Redis sink", [_sink(profiles) for _ in rounds]),
    ]
    return Section("A record in pure Python", tuple(figures), (_NOTE,))


def work_of_contacts(contacts: int, facts: Sequence[int], seed: int) -> list[float]:
    """Bytecodes of Python for a record of contacts that have so many facts with it, for each of `facts`."""
    heard = [news(contacts, many, seed) for many in facts]
    return [_bytecodes(partial(_contacts, of, _Known(of).at_hand())) / len(of.records) for of in heard]


def work_of_pipeline(contacts: int, seed: int) -> dict[str, float]:
    """Bytecodes of Python for a record, by part: intake, contacts with few facts, the sink."""
    incoming = said(contacts, contacts * RECORDS_EACH, seed)
    of = news(contacts, FACTS[0], seed)
    profiles = _written(of)
    return {
        "intake": _bytecodes(lambda: asyncio.run(_intake(incoming))) / (contacts * RECORDS_EACH),
        "contacts": _bytecodes(partial(_contacts, of, _Known(of).at_hand())) / len(of.records),
        "sink": _bytecodes(partial(_sink, profiles)) / len(profiles),
    }


def _bytecodes(work: Callable[[], object]) -> int:
    """How many instructions the interpreter carries out for it: the same on every machine, whatever else that does."""
    count = 0

    def each(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return each

    before = sys.gettrace()
    sys.settrace(each)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def _of_contacts(
    subject: str, heard: dict[int, News], rounds: range, states: "Callable[[_Known], States[ContactState]]"
) -> Iterator[Figure]:
    for facts, of in heard.items():
        known = _Known(of)
        yield _figure(subject.format(facts), [_contacts(of, states(known)) for _ in rounds])


_NOTE = (
    "CPU of one thread, garbage collector as in a worker. Intake: from a record to its output; contacts: from a record "
    "to profile and encoded state, one for each record: the last that happened of each contact, or any of them; their "
    "states in memory as after the record before, or in a store alone, which is a dict here; the sink: from a profile "
    "to the arguments of its script"
)


def _settle_down() -> None:
    """Bring the process to where a worker is after its first fetches.

    The allocator has seen a large block come and go, so it keeps what it is given back; before, each profile would cost
    a page fault or two.
    """
    block = bytearray(16 << 20)
    del block
    collect_rarely()


def _figure(subject: str, micros: list[float]) -> Figure:
    return Figure(subject, "CPU", "µs a record", tuple(micros))


async def _intake(incoming: list[Run]) -> float:
    outbox = _Nowhere(KafkaClients(Settings()))
    hasher = Hasher(KEYS)
    guard = QuarantineGuard(RefusalCounter(600), hasher)
    intake = IntakeAgent(outbox, hasher, _PARTITIONS, Metrics(CollectorRegistry()), lambda: NOW_MS, guard=guard)
    began = time.thread_time()
    for chunk in incoming:
        await intake(chunk)
    return _micros(began, sum(len(chunk.records) for chunk in incoming))


def _contacts(of: News, known: States[ContactState]) -> float:
    began = time.thread_time()
    _fold(of.records, known, lambda folding: list(map(encode, filter(None, folding.effects.changes.values()))))
    return _micros(began, len(of.records))


def _sink(profiles: list[FetchedRecord]) -> float:
    began = time.thread_time()
    for chunk in chunks(profiles):
        pack(newest_changes(change for record in chunk.records if (change := change_of(record)) is not None))
    return _micros(began, len(profiles))


def _written(of: News) -> list[FetchedRecord]:
    """The profiles that come of the news, as the sink reads them."""
    outputs: list[Output] = []
    _fold(of.records, _Known(of).at_hand(), lambda folding: outputs.extend(folding.effects.outputs))
    return [
        FetchedRecord(out.topic, out.partition, offset, NOW_MS, out.key, out.value, tuple(out.headers))
        for offset, out in enumerate(outputs)
    ]


class _Known:
    """What is known of contacts before the news, as a worker that has folded it has it."""

    def __init__(self, of: News) -> None:
        self._held: dict[bytes, dict[str, object]] = {}
        self._states: dict[bytes, ContactState] = {}
        for records in of.before:
            _fold(records, self.at_hand(), self._take)

    def _take(self, folding: InteractionsHandler) -> None:
        for key, state in folding.effects.changes.items():
            if state is not None:
                self._states[key], self._held[key] = state, dict(state.__dict__)

    def at_hand(self) -> States[ContactState]:
        """Each state as it is in memory, with the view that it holds."""
        recent: RecentStates[ContactState] = RecentStates(1 << 40)
        states = {key: replace(state) for key, state in self._states.items()}
        for key, state in states.items():
            state.__dict__.update(self._held.get(key, {}))
        recent.put(states, 0)
        return States(MemoryStore(), _CODEC, recent)

    def stored(self) -> States[ContactState]:
        """Each state in the store alone."""
        store = MemoryStore()
        store.write({key: encode(state) for key, state in self._states.items()}, Position("", 0, 0))
        return States(store, _CODEC, RecentStates(0))


def _fold(
    records: list[FetchedRecord], known: States[ContactState], done: Callable[[InteractionsHandler], object]
) -> None:
    for chunk in chunks(records):
        folding = InteractionsHandler(known, _PRINTER, NOW_MS, default_policy())
        folding.take(chunk.records)
        done(folding)


def _micros(began: float, records: int) -> float:
    return (time.thread_time() - began) / records * 1e6
