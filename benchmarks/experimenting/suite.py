"""What experiments cost contacts and the agent that adds up: CPU of one thread, everything that waits left out.

Contacts with and without experiments are measured in turn, so that what neighbours do is in both; a ratio is of each
pair of rounds.
"""

import time
from collections.abc import Sequence
from math import ceil

from benchmarks.core.load import NOW_MS, chunks
from benchmarks.experimenting.load import EACH, EXPERIMENTS, NAMES, Heard, heard, people
from benchmarks.results import Figure, Goal, Section
from benchmarks.suites import Orders
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.experiments import experiment_table
from streams.domain.experiments.counting_rules import DAY_MS
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.experiment_table import MAX_AT_ONCE, TableRecord
from streams.domain.experiments.partials import ClockTick, write_partial
from streams.domain.pressure import default_policy
from streams.engine.aiokafka_patches.fetched_records import FetchedRecord
from streams.engine.decoded_states import BESIDE, Codec, RecentStates, States
from streams.engine.garbage_collector import collect_rarely
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.experiments.aggregator import ExperimentAggregator
from streams.worker.agents.experiments.registry import registry_of

CONTACTS, QUICK_CONTACTS = 4_000, 400
FACTS = (5, 30)
ROUNDS_EACH = 5
CHUNK = 250
"""Contacts whose differences are told in one record."""
_PRINTER = RecordBuilder(0, 8, 1)
_CODEC = Codec(encode, decode)
_HERE = Position("", 0, 0)


def experiments(orders: Orders) -> Section:
    """Measure contacts of few and of many facts, and the agent that adds up."""
    contacts = QUICK_CONTACTS if orders.quick else CONTACTS
    rounds = range(orders.rounds * ROUNDS_EACH)
    figures: list[Figure] = []
    loads = {facts: _both(contacts, facts, orders.seed) for facts in FACTS}
    collect_rarely()
    for facts, (without, with_them) in loads.items():
        pairs = [(_contacts(without), _contacts(with_them)) for _ in rounds]
        figures += _side_by_side(f"contacts, {EACH} messages and {facts} records", pairs)
    figures += _adding_up(contacts, orders.seed, len(rounds))
    return Section("Experiments", tuple(figures), (_NOTE,))


_NOTE = (
    f"CPU of one thread. Contacts: {EXPERIMENTS:,} experiments, {EACH} of them given to each contact, against the same "
    "records without; from a record to profile, encoded state and the record of differences. Adding up: differences "
    f"of so many contacts with {EACH} experiments each are put aside, then all {EXPERIMENTS:,} get a result anew"
)


def _both(contacts: int, facts: int, seed: int) -> tuple[Heard, Heard]:
    without, with_them = (heard(contacts, facts, seed, with_experiments=has) for has in (False, True))
    return without, with_them


def _side_by_side(subject: str, pairs: Sequence[tuple[float, float]]) -> list[Figure]:
    return [
        Figure(f"{subject}, without", "CPU", "µs a record", tuple(without for without, _ in pairs)),
        Figure(f"{subject}, with", "CPU", "µs a record", tuple(with_them for _, with_them in pairs)),
        Figure(subject, "throughput kept", "", tuple(one / other for one, other in pairs), Goal("at least", 0.7)),
    ]


def _contacts(of: Heard) -> float:
    recent: RecentStates[ContactState] = RecentStates(1 << 40)
    recent.put(of.known, 0)
    states = States(MemoryStore(), _CODEC, recent)
    book = registry_of(states)
    for name in NAMES:  # as they are in a partition that has been at work for a while
        book.admits(name, NOW_MS // DAY_MS)
    began = time.thread_time()
    for chunk in chunks(of.records):
        folding = InteractionsHandler(states, _PRINTER, NOW_MS, default_policy())
        folding.take(chunk.records)
        for state in filter(None, folding.effects.changes.values()):
            encode(state)
    return (time.thread_time() - began) / len(of.records) * 1e6


def _adding_up(contacts: int, seed: int, rounds: int) -> list[Figure]:
    """Rounds of one agent, as it goes on: what was added up before is there."""
    agent = _Agent()
    aside, results, longest = [], [], []
    for number in range(rounds + 1):
        given = people(contacts, seed + number, NOW_MS // DAY_MS)
        told = [value for start in range(0, contacts, CHUNK) for value in _told(given[start : start + CHUNK])]
        began = time.thread_time()
        for value in told:
            agent.take(value)
        put = time.thread_time()
        ticks = [agent.tick() for _ in range(ceil(EXPERIMENTS / MAX_AT_ONCE))]
        if number:  # the first one finds nothing, and makes it all
            aside.append((put - began) / contacts / EACH * 1e6)
            results.append(sum(ticks))
            longest.append(max(ticks))
    return [
        Figure("putting differences aside", "CPU", "µs a difference", tuple(aside)),
        Figure(f"{EXPERIMENTS:,} results", "CPU", "s", tuple(results)),
        Figure("the longest tick", "CPU", "s", tuple(longest)),
    ]


def _told(given: Sequence[Sequence[Contribution]]) -> list[bytes]:
    columns = DeltaColumns()
    for each in given:
        columns.replace(NOTHING, packed(each))
    return list(columns.records())


class _Agent:
    """The experiments agent without Kafka, on a store in memory."""

    def __init__(self) -> None:
        self._states: States[TableRecord] = States(
            MemoryStore(), Codec(experiment_table.encode, experiment_table.decode), RecentStates(1 << 30)
        )
        self._offset = 0

    def take(self, value: bytes) -> None:
        self._offset += 1
        record = FetchedRecord("experiment-partials", 0, self._offset, NOW_MS + self._offset, b"", value, ())
        reckoning = ExperimentAggregator(self._states, _PRINTER.partitions)
        reckoning.take([record])
        changes = reckoning.effects.changes
        encoded = {key: None if each is None else experiment_table.encode(each) for key, each in changes.items()}
        encoded |= {BESIDE + key: each for key, each in reckoning.effects.beside.items()}
        self._states.commit(changes, encoded, _HERE)

    def tick(self) -> float:
        began = time.thread_time()
        self.take(write_partial(ClockTick()))
        return time.thread_time() - began
