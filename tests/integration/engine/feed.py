"""A `contact-state` of one's own, and a sink that misbehaves when told to."""

from collections import Counter
from collections.abc import Sequence

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from sinks.base import ContactChange, Position, SinkUnavailable, StoredContact
from sinks.memory import MemorySink
from streams.engine.runs import Run
from streams.engine.writer import Output, TransactionWriter
from streams.worker.agents.latency_header import received_header
from streams.worker.agents.sinks import redis_sink
from streams.worker.agents.sinks.redis_sink import ContactStateConnector
from streams.worker.metrics import Metrics
from tests.integration.engine.cluster import Cluster

RECEIVED = 1_329_904_800_000
NOW = RECEIVED + 1_500


class UnreliableSink(MemorySink):
    """Notes each call; answers get lost, it is away, or clears stop halfway, as often as told."""

    def __init__(self, calls: list[str]) -> None:
        super().__init__()
        self._calls = calls
        self._to_come: Counter[str] = Counter()  # shared by the views of all topics

    def be_away(self, calls: int) -> None:
        self._to_come["away"] = calls

    def lose_answers(self, call: str, times: int) -> None:
        """The call is done, and its caller is told that the sink is away."""
        self._to_come[f"lost {call}"] = times

    def clear_in_part(self, times: int) -> None:
        self._to_come["halves"] = times

    async def position(self, partition: int) -> Position | None:
        self._come("position")
        return await super().position(partition)

    async def touch(self, partition: int, position: Position) -> bool:
        self._come("touch")
        return await super().touch(partition, position)

    async def clear(self, partition: int, partitions: int) -> None:
        self._come("clear")
        if self._comes("halves"):
            self._positions.clear()
            self.contacts.pop(next(iter(self.contacts)), None)
            raise SinkUnavailable("the sink went away in the middle", 0.001)
        await super().clear(partition, partitions)
        self._go("clear")

    async def write(
        self, partition: int, changes: Sequence[ContactChange], before: Position | None, after: Position
    ) -> bool:
        self._come("write")
        written = await super().write(partition, changes, before, after)
        self._go("write")
        return written

    def _come(self, call: str) -> None:
        self._calls.append(call)
        if self._comes("away"):
            raise SinkUnavailable("the sink is away", 0.001)

    def _go(self, call: str) -> None:
        if self._comes(f"lost {call}"):
            raise SinkUnavailable("the answer was lost", 0.001)

    def _comes(self, trouble: str) -> bool:
        comes = self._to_come[trouble] > 0
        self._to_come[trouble] -= comes
        return comes


class Feed:
    """Says what the contacts agent would say, and looks at what the sink holds of it."""

    def __init__(self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cluster = cluster
        self.calls: list[str] = []
        self.tp = cluster.make_partition("contact-state")
        self.links = cluster.make_partition("contact-links")
        self.sink = UnreliableSink(self.calls).reading(self.tp.topic)
        self._metrics = Metrics(CollectorRegistry())
        self._writer = self._new_writer()
        monkeypatch.setattr(redis_sink, "CONTACT_STATE", self.tp.topic)
        monkeypatch.setattr(redis_sink, "CONTACT_LINKS", self.links.topic)

    async def open(self) -> None:
        await self._writer.start()

    async def close(self) -> None:
        await self._writer.stop()

    def agent(self) -> ContactStateConnector:
        """The agent of a worker; each knows nothing of the others."""
        return ContactStateConnector(self.sink, self.cluster.kafka, 1, self._metrics, lambda: NOW)

    async def said(self, versions: dict[str, int], generation: int = 1) -> Run:
        """A chunk with these versions, in one transaction; what a fetch then brings."""
        return await self._told(self.tp, self._outputs(versions), generation)

    async def absorbed(self, contact_id: str, version: int, survivor: str) -> Run:
        """What `contact-state` says of it, whose profile went to another."""
        headers = [("version", b"%d" % version), ("reason", b"merged"), ("merged_into", survivor.encode())]
        return await self._told(self.tp, [Output(*self.tp, contact_id.encode(), None, headers)])

    async def linked(self, *links: tuple[str, int, str | None]) -> Run:
        """What `contact-links` says of these: id, version and survivor; None: it stands alone again."""
        outputs = [
            Output(
                *self.links,
                contact_id.encode(),
                None if survivor is None else b'{"merged_into": "%s"}' % survivor.encode(),
                [("version", b"%d" % version)],
            )
            for contact_id, version, survivor in links
        ]
        return await self._told(self.links, outputs)

    async def said_in_vain(self, versions: dict[str, int]) -> None:
        """A chunk whose transaction is aborted."""
        producer = self._writer._producer
        await producer.begin_transaction()
        for output in self._outputs(versions):
            await producer.send_and_wait(output.topic, output.value, output.key, output.partition, None, output.headers)
        await producer.abort_transaction()

    async def make_anew(self, tp: TP | None = None) -> None:
        """Delete the topic of profiles, or this one, and make it again under the same name."""
        name = (tp or self.tp).topic
        await self.close()
        self.cluster.delete(name)
        self.cluster.remake(name)
        self._writer = self._new_writer()
        await self.open()

    def topic_id(self) -> str:
        return self.cluster.topic_id(self.tp.topic)

    async def move(self, position: Position) -> None:
        """Let the sink believe that it stands elsewhere."""
        await MemorySink.write(self.sink, 0, [], await MemorySink.position(self.sink, 0), position)

    def restore(self, dump: dict[str, StoredContact]) -> None:
        """Let the sink hold what it held some time ago."""
        self.sink.contacts.clear()
        self.sink.contacts.update(dump)

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

    async def _told(self, tp: TP, outputs: list[Output], generation: int = 1) -> Run:
        end = (await self.cluster.write(self._writer, outputs))[tp]
        records = [r for r in await self.cluster.committed(tp) if end - len(outputs) <= r.offset < end]
        return Run(tp, records, end + 1, generation)  # behind the marker of the commit

    def _new_writer(self) -> TransactionWriter:
        return TransactionWriter(self.cluster.kafka, f"writer-of-{self.tp.topic}")

    def _outputs(self, versions: dict[str, int]) -> list[Output]:
        return [
            Output(*self.tp, who.encode(), b"{}", [("version", b"%d" % version), received_header(RECEIVED)])
            for who, version in versions.items()
        ]
