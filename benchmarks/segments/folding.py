"""What segments add to the folding of records: chunks of a partition with and without a thousand of them, in turn."""

import time

from benchmarks.core.load import NOW_MS, News, chunks, news
from benchmarks.results import Figure
from benchmarks.segments.load import SEGMENTS, definitions
from events.topics import SEGMENT_DEFINITIONS, SEGMENT_WORK
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.derived_view import give_up
from streams.domain.pressure import default_policy
from streams.domain.segments.definition_files import definition_json
from streams.engine.aiokafka_patches.fetched_records import FetchedRecord
from streams.engine.decoded_states import BESIDE, Codec, RecentStates, States
from streams.engine.garbage_collector import collect_rarely
from streams.engine.store import MemoryStore, Position, Store
from streams.engine.writer import Output
from streams.worker.agents.contacts.handler import ChunkHandler
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.segments.definitions import SegmentDefinitionsHandler
from streams.worker.agents.segments.work import SegmentWorkHandler

FOLDING = (
    "Folding: a record from Kafka to profile, state and what is told of segments, the states of the contacts in memory "
    "as after the record before. Backfill: a state from the store to what is told of it. None is a system in which no "
    "segment is defined"
)
_POSITION = Position("", 0, 0)


class Partition:
    """A partition of contacts, in memory unless a store is given, in which a chunk is folded and committed."""

    def __init__(self, store: Store | None = None) -> None:
        self._states: States[ContactState] = States(
            store or MemoryStore(), Codec(encode, decode, give_up), RecentStates(1 << 40)
        )
        self._builder = RecordBuilder(0, 8, 1)

    def fold(self, kind: type[ChunkHandler], records: list[FetchedRecord]) -> ChunkHandler:
        """Fold a chunk of this kind."""
        folding = kind(self._states, self._builder, NOW_MS, default_policy())
        folding.take(records)
        return folding

    def commit(self, folded: ChunkHandler) -> None:
        """Keep what was folded."""
        effects = folded.effects
        encoded = {key: None if state is None else encode(state) for key, state in effects.changes.items()}
        beside = {BESIDE + key: value for key, value in effects.beside.items()}
        self._states.commit(effects.changes, {**encoded, **beside}, _POSITION)

    def define(self, count: int, seed: int) -> int:
        """Define so many segments, and go through everybody; the number of states that were judged."""
        defined = [
            FetchedRecord(SEGMENT_DEFINITIONS, 0, 0, NOW_MS, each.id.encode(), definition_json(each), ())
            for each in definitions(count, seed)
        ]
        folded = self.fold(SegmentDefinitionsHandler, defined)
        steps = 0
        while True:
            self.commit(folded)
            steps += 1
            work = [out for out in folded.effects.outputs if out.topic == SEGMENT_WORK]
            if not work:
                return steps
            folded = self.fold(SegmentWorkHandler, [read_from_kafka(out) for out in work])

    def states(self) -> list[bytes]:
        """All states, as they are stored."""
        return [encode(state) for _, state in self._states.following(b"", 1 << 40)]


def read_from_kafka(output: Output) -> FetchedRecord:
    """What was written, as it is read."""
    return FetchedRecord(output.topic, 0, 0, NOW_MS, output.key, output.value, ())


def folding_figures(contacts: int, facts: int, seed: int, rounds: int) -> list[Figure]:
    """µs of CPU for a record without segments and with a thousand, and for a state in a backfill."""
    collect_rarely()
    of = news(contacts, facts, seed)
    without, with_them = known(of, 0, seed), known(of, SEGMENTS, seed)
    plain, judged = [], []
    for _ in range(rounds):
        plain.append(per_record(without, of))
        judged.append(per_record(with_them, of))
    subject = f"folding, {facts} facts"
    return [
        Figure(subject, "no segments", "µs a record", tuple(plain)),
        Figure(subject, f"{SEGMENTS:,} segments", "µs a record", tuple(judged)),
        Figure(f"backfill, {facts} facts", f"{SEGMENTS:,} segments", "µs a state", (backfill(of, seed),)),
    ]


def known(of: News, count: int, seed: int) -> Partition:
    """A partition that has heard all but the last record of each contact, with so many segments."""
    partition = Partition()
    if count:
        partition.define(count, seed)
    for records in of.before:
        for chunk in chunks(records):
            partition.commit(partition.fold(InteractionsHandler, list(chunk.records)))  # type: ignore[arg-type]
    return partition


def per_record(partition: Partition, of: News) -> float:
    """µs to fold the last record of each contact; nothing of it is kept."""
    found = [list(chunk.records) for chunk in chunks(of.records)]
    began = time.thread_time()
    for records in found:
        folded = partition.fold(InteractionsHandler, records)  # type: ignore[arg-type]
        list(map(encode, filter(None, folded.effects.changes.values())))
    return (time.thread_time() - began) / len(of.records) * 1e6


def backfill(of: News, seed: int) -> float:
    """µs for a state, while everybody is judged by what was just defined."""
    partition = known(of, 0, seed)
    began = time.thread_time()
    partition.define(SEGMENTS, seed)
    return (time.thread_time() - began) / len(of.records) * 1e6
