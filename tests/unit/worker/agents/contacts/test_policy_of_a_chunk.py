"""A chunk that has to wait for others is judged by the policy of when it is folded, not of when it came."""

import asyncio
from collections.abc import Callable
from typing import cast

from faust.types import TP
from prometheus_client import CollectorRegistry

from events.topics import INTERACTIONS
from streams.domain.contact import ContactState, decode, encode
from streams.domain.pressure import default_policy
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.runs import Run
from streams.engine.store import MemoryStore
from streams.engine.table import ChunkTable
from streams.engine.table_partition import Fold
from streams.platform.settings import Settings
from streams.worker.agents.contacts.agent import ContactsAgent
from streams.worker.agents.segments.registry import registry_in
from streams.worker.metrics import Metrics


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
