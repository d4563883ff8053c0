"""A table that adds up the input: each key's value is the sum of what came for it, each record has one output."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable

from faust.types import TP

from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.group_membership import NO_MEMBER, Membership
from streams.engine.runs import Records, Run
from streams.engine.store import MemoryStore, Store
from streams.engine.table_partition import Changelog, Effects, Fold, TablePartition
from streams.engine.writer import Outbox, Output
from tests.integration.engine.cluster import Cluster
from tests.unit.engine.kafka_records import Fetched

KEYS = 5
RECENT_BYTES = 8
"""So few that some states are kept decoded and others are read from the store."""


def amount(offset: int) -> int:
    """What the input record at this offset is worth."""
    return offset * offset % 97 + 1


def key(offset: int) -> bytes:
    return b"k%d" % (offset % KEYS)


def sums(offsets: Iterable[int]) -> dict[bytes, int]:
    """What the table must hold after these input records, each folded once."""
    total: Counter[bytes] = Counter()
    for offset in offsets:
        total[key(offset)] += amount(offset)
    return dict(total)


def fetched(source: TP, offsets: Iterable[int], generation: int) -> Run:
    """Input records of a partition, as a member of this generation has fetched them."""
    records = [Fetched(n, b"%d" % amount(n), key(n), topic=source.topic, partition=source.partition) for n in offsets]
    return Run(source, records, records[-1].offset + 1 if records else 0, generation)


def adding_up(outputs: TP, shared: TP | None = None) -> Fold[bytes]:
    """Each record has an output with its offset; a chunk has one with its last offset in `shared`."""

    def fold(states: States[bytes], records: Records) -> Effects[bytes]:
        effects: Effects[bytes] = Effects()
        for record in records:
            assert record.key is not None
            before = effects.changes.get(record.key) or states.get(record.key) or b"0"
            effects.changes[record.key] = b"%d" % (int(before) + int(record.value or b"0"))
            effects.outputs.append(Output(*outputs, record.key, b"%d" % record.offset))
        if shared is not None:
            effects.outputs.append(Output(*shared, b"%d" % outputs.partition, b"%d" % records[-1].offset))
        return effects

    return fold


class Bench:
    """One partition of a table on real topics, and its owners."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        source, changelog, outputs, shared = cluster.make("source", "changelog", "outputs", "shared")
        self.source, self.changelog, self.outputs = TP(source, 0), TP(changelog, 0), TP(outputs, 0)
        self.shared = TP(shared, 0)
        self.topic_id = cluster.topic_id(changelog)
        self.committed: dict[TP, int] = {}
        self.source_id: str | None = None

    def owner(self, store: Store | None = None, membership: Membership = NO_MEMBER) -> TablePartition[bytes]:
        """A worker's view of the partition; an earlier one's is not told."""
        states = States(store or MemoryStore(), Codec(bytes, bytes), RecentStates(RECENT_BYTES))
        return self.owner_of(states, membership)

    def owner_of(self, states: States[bytes], membership: Membership = NO_MEMBER) -> TablePartition[bytes]:
        """The same, with states of one's own."""
        writes_as = f"owner-of-{self.changelog.topic}"
        changelog = Changelog(
            self.changelog, self.topic_id, writes_as, lambda _: self.source_id, (self.outputs,), (self.shared,)
        )
        return TablePartition(self.cluster.kafka, states, changelog, self.committed.get, membership=lambda: membership)

    @contextlib.asynccontextmanager
    async def owned(
        self, store: Store | None = None, membership: Membership = NO_MEMBER
    ) -> AsyncIterator[TablePartition[bytes]]:
        """An owner that has taken the partition over."""
        owner = self.owner(store, membership)
        try:
            await owner.open()
            yield owner
        finally:
            await owner.release()

    def chunk(self, offsets: Iterable[int], generation: int = 1) -> Run:
        """Input records. They need not be on the broker: the engine is given what was fetched."""
        return fetched(self.source, offsets, generation)

    @property
    def add_up(self) -> Fold[bytes]:
        return adding_up(self.outputs)

    async def told(self) -> list[int]:
        """The input offsets whose outputs a reader sees, in the order in which it sees them."""
        return [int(record.value or b"") for record in await self.cluster.committed(self.outputs)]

    async def table(self) -> dict[bytes, int]:
        """What a new owner restores, without the engine's own keys."""
        store = MemoryStore()
        async with self.owned(store):
            return table_in(store)


async def put(bench: Bench, count: int) -> None:
    """The records of `bench.chunk`, on the broker."""
    outbox = Outbox(bench.cluster.kafka)
    await outbox.write([Output(*bench.source, key(offset), b"%d" % amount(offset)) for offset in range(count)])
    await outbox.stop()


def table_in(store: Store) -> dict[bytes, int]:
    return {key: int(value) for key, value in store.items() if not key.startswith(b"\x00")}
