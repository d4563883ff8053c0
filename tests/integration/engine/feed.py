"""A `contact-state` of one's own, and a sink that misbehaves when told to."""

from collections import Counter
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from sinks.base import Change, Position, SinkUnavailable
from sinks.memory import MemorySink
from streams.agents import redis_sink
from streams.agents.redis_sink import ContactStateSink
from streams.agents.stamps import received_header
from streams.engine.runs import Run
from streams.engine.writer import Output, TransactionWriter
from streams.metrics import Metrics
from tests.integration.engine.cluster import Cluster

RECEIVED = 1_329_904_800_000
NOW = RECEIVED + 1_500


class UnreliableSink(MemorySink):
    """Notes each call; answers get lost, it is away, or clears stop halfway, as often as told."""

    def __init__(self, calls: list[str]) -> None:
        super().__init__()
        self._calls = calls
        self._away = 0
        self._lost: Counter[str] = Counter()
        self._halves = 0

    def be_away(self, calls: int) -> None:
        self._away = calls

    def lose_answers(self, call: str, times: int) -> None:
        """The call is done, and its caller is told that the sink is away."""
        self._lost[call] = times

    def clear_in_part(self, times: int) -> None:
        self._halves = times

    async def position(self, partition: int) -> Position | None:
        self._come("position")
        return await super().position(partition)

    async def touch(self, partition: int, position: Position) -> bool:
        self._come("touch")
        return await super().touch(partition, position)

    async def clear(self, partition: int, partitions: int) -> None:
        self._come("clear")
        if self._halves:
            self._halves -= 1
            self._positions.clear()
            self.contacts.pop(next(iter(self.contacts)), None)
            raise SinkUnavailable("the sink went away in the middle", 0.001)
        await super().clear(partition, partitions)
        self._go("clear")

    async def write(self, partition: int, changes: Sequence[Change], before: Position | None, after: Position) -> bool:
        self._come("write")
        written = await super().write(partition, changes, before, after)
        self._go("write")
        return written

    def _come(self, call: str) -> None:
        self._calls.append(call)
        if self._away:
            self._away -= 1
            raise SinkUnavailable("the sink is away", 0.001)

    def _go(self, call: str) -> None:
        if self._lost[call]:
            self._lost[call] -= 1
            raise SinkUnavailable("the answer was lost", 0.001)


class Feed:
    """Says what the contacts agent would say, and looks at what the sink holds of it."""

    def __init__(self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cluster = cluster
        self.calls: list[str] = []
        self.sink = UnreliableSink(self.calls)
        self.tp = cluster.make_partition("contact-state")
        self._metrics = Metrics(CollectorRegistry())
        self._writer = self._new_writer()
        monkeypatch.setattr(redis_sink, "CONTACT_STATE", self.tp.topic)

    async def open(self) -> None:
        await self._writer.start()

    async def close(self) -> None:
        await self._writer.stop()

    def agent(self) -> ContactStateSink:
        """The agent of a worker; each knows nothing of the others."""
        return ContactStateSink(self.sink, self.cluster.kafka, 1, self._metrics, lambda: NOW)

    async def said(self, versions: dict[str, int], generation: int = 1) -> Run:
        """A chunk with these versions, in one transaction; what a fetch then brings."""
        end = (await self._writer.write(self._outputs(versions)))[self.tp]
        records = [r for r in await self.cluster.committed(self.tp) if end - len(versions) <= r.offset < end]
        return Run(self.tp, records, end + 1, generation)  # behind the marker of the commit

    async def said_in_vain(self, versions: dict[str, int]) -> None:
        """A chunk whose transaction is aborted."""
        producer = self._writer._producer
        await producer.begin_transaction()
        for output in self._outputs(versions):
            await producer.send_and_wait(output.topic, output.value, output.key, output.partition, None, output.headers)
        await producer.abort_transaction()

    async def make_anew(self) -> None:
        """Delete the topic, and make it again under the same name."""
        await self.close()
        self.cluster.delete(self.tp.topic)
        self.cluster.remake(self.tp.topic)
        self._writer = self._new_writer()
        await self.open()

    def topic_id(self) -> str:
        return self.cluster.topic_id(self.tp.topic)

    async def move(self, position: Position) -> None:
        """Let the sink believe that it stands elsewhere."""
        await MemorySink.write(self.sink, 0, [], await MemorySink.position(self.sink, 0), position)

    def held(self) -> dict[str, int]:
        """The version of each contact in the sink."""
        return {contact_id: stored.version for contact_id, stored in self.sink.contacts.items()}

    async def stands_at_the_end(self) -> bool:
        last = (await self.cluster.everything(self.tp))[-1].offset
        return await MemorySink.position(self.sink, 0) == Position(self.topic_id(), last + 2)

    def refills(self) -> float | None:
        return self.sample("harmonia_sink_refills_total", sink="redis")

    def errors(self) -> float | None:
        return self.sample("harmonia_sink_errors_total", sink="redis")

    def sample(self, name: str, **labels: str) -> float | None:
        return self._metrics.registry.get_sample_value(name, labels)

    def _new_writer(self) -> TransactionWriter:
        return TransactionWriter(self.cluster.kafka, f"writer-of-{self.tp.topic}")

    def _outputs(self, versions: dict[str, int]) -> list[Output]:
        return [
            Output(*self.tp, who.encode(), b"{}", [("version", b"%d" % version), received_header(RECEIVED)])
            for who, version in versions.items()
        ]
