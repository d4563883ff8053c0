"""The sample of previews is not drawn while a partition is behind, however small the chunks of a worker are."""

from typing import cast

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from events.topics import SEGMENT_WORK
from streams.domain.contact import ContactState, decode, encode
from streams.domain.pressure import default_policy
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.runs import Run
from streams.engine.store import MemoryStore, Position
from streams.engine.table import ChunkTable
from streams.engine.table_partition import Fold
from streams.platform.settings import Settings
from streams.worker.agents.contacts.agent import ContactsAgent
from streams.worker.agents.segments.sampling import kept_sample
from streams.worker.metrics import Metrics
from tests.unit.engine.kafka_records import Fetched

PLACE = TP(SEGMENT_WORK, 0)
CONTACTS = 3_000


class OnePartition:
    """A table of one partition, with contacts in it; what is folded is not committed."""

    def __init__(self) -> None:
        self.memory: dict[str, object] = {}
        self.states: States[ContactState] = States(MemoryStore(), Codec(encode, decode), RecentStates(0))
        contacts = {b"voter:OH:%04d" % number: b"" for number in range(CONTACTS)}
        self.states.store.write(contacts, Position("topic", 1, 0))

    def owned(self, _: int) -> "OnePartition":
        return self

    async def apply(self, chunk: Run, fold: Fold[ContactState]) -> None:
        fold(self.states, chunk.records)


async def walked_past(chunk_records: int, records: int) -> int:
    """How many contacts are walked past by two chunks of so many records, one a second after the other."""
    table, metrics, settings = OnePartition(), Metrics(CollectorRegistry()), Settings(chunk_records=chunk_records)
    now = iter([1_000, 2_000])
    agent = ContactsAgent(
        *(cast(ChunkTable[ContactState], table), settings, metrics, lambda: next(now)),
        policy=default_policy,
        on_work=lambda *_: None,
    )
    for _ in range(2):
        await agent(Run(PLACE, [Fetched(number, b"", b"", [], 0, *PLACE) for number in range(records)], records, 1))
    return kept_sample(table.states, settings.partitions).people.known


@pytest.mark.parametrize(
    ("chunk_records", "records", "is_behind"),
    [
        *([size, size // 2, True] for size in (1_000, 100, 4)),
        *([size, size, True] for size in (1_000, 100)),
        *([size, size // 2 - 1, False] for size in (1_000, 100, 4_000, 4)),
        (1, 1, False),
    ],
)
async def test_a_worker_of_any_chunk_size_draws_ahead_only_where_its_partition_keeps_up(
    chunk_records: int, records: int, is_behind: bool
) -> None:
    assert (await walked_past(chunk_records, records) == 0) is is_behind
