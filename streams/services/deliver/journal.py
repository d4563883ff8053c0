"""What is stored of deliveries: read once at the start, then written in transactions, those of all endpoints together.

One process of a deployment writes: opening the journal fences every other, which ends when it next writes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import orjson
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced
from faust.types import TP

from events.topics import DEAD_DELIVERIES, DELIVERIES, DELIVERY_LOG
from streams.domain.delivery.standing import Standing, decoded, encoded
from streams.engine.changelog import PartitionReader
from streams.engine.dangling_transactions import DanglingTransactions
from streams.engine.retry import BROKER_TROUBLE, retried
from streams.engine.writer import Output, TransactionWriter
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced

logger = logging.getLogger(__name__)

PLACE = TP(DELIVERIES, 0)
_PLACES = (PLACE, TP(DELIVERY_LOG, 0), TP(DEAD_DELIVERIES, 0))
_FOR_EVER = 1 << 62
_OWNER = b"/owner"
_FENCED = (ProducerFenced, InvalidProducerEpoch)
Stand = tuple[str, str, int]
"""An endpoint, a topic and a partition."""


class Journal:
    """Positions and waits of all endpoints, as they are stored."""

    def __init__(self, kafka: KafkaClients, app_id: str) -> None:
        self._kafka = kafka
        self._transactional_id = f"{app_id}-deliver"
        self._writer: TransactionWriter | None = None
        self._waiting: list[tuple[Sequence[Output], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._read_to = 0
        self._process = uuid4().hex
        self._owner = ""
        self.standings: dict[Stand, Standing] = {}
        self.statuses: dict[str, dict[str, Any]] = {}
        self.replays: dict[str, dict[str, Any]] = {}

    async def open(self) -> None:
        """Fence every other process, and read what was stored. Raises Kafka's errors and `Fenced`."""
        await retried(self._start_writer, "opening the journal")
        await self.write([Output(DELIVERIES, 0, _OWNER, orjson.dumps({"process": self._process}))])
        async with PartitionReader(self._kafka) as reader:
            end = await reader.end_of(PLACE)
            async for run in reader.runs(PLACE, await reader.start_of(PLACE), end):
                for record in run.records:
                    self._take(record.key, record.value)
                self._read_to = run.next_offset

    async def close(self) -> None:
        """Write what is asked for, and close the connections."""
        if self._writing is not None:
            await asyncio.wait({self._writing})
        if self._writer is not None:
            await self._writer.stop()

    async def write(self, outputs: Sequence[Output]) -> None:
        """Return once all is committed, with what others have asked for meanwhile. Raises `Fenced`."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((outputs, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_rounds())
        await written

    async def replay_requests(self) -> AsyncIterator[str]:
        """The endpoints that somebody wants to be told once more, as they are asked for."""
        for endpoint in [*self.replays]:
            yield endpoint
        while True:
            try:
                async with PartitionReader(self._kafka) as reader:
                    async for run in reader.runs(PLACE, self._read_to, _FOR_EVER):
                        self._read_to = run.next_offset
                        for record in run.records:
                            endpoint, _, what = (record.key or b"").decode(errors="replace").partition("/")
                            if what == "replay":
                                self._take(record.key, record.value)
                                if record.value is not None:
                                    yield endpoint
            except BROKER_TROUBLE as error:
                logger.warning("following %s: %s", DELIVERIES, type(error).__name__)
                await asyncio.sleep(1.0)

    async def _start_writer(self) -> None:
        leftovers = DanglingTransactions(self._kafka, self._transactional_id, _PLACES)
        await leftovers.look()
        writer = TransactionWriter(self._kafka, self._transactional_id, _PLACES)
        try:
            await writer.start()
            await leftovers.end(writer)
        except BaseException:
            await writer.stop()
            raise
        self._writer = writer

    async def _write_rounds(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, []
            failure: Exception | None = None
            try:
                await self._write([output for outputs, _ in asked for output in outputs])
            except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked must hear of it
                failure = error
            for _, written in asked:
                if not written.done():
                    written.set_result(None) if failure is None else written.set_exception(failure)

    async def _write(self, outputs: Sequence[Output]) -> None:
        if self._writer is None:  # the last transaction failed, and nobody knows how it ended: all of it is said again
            await retried(self._start_writer, "opening the journal again")
        if self._writer is None:
            raise RuntimeError("no writer")
        try:
            await self._writer.write(outputs)
        except BROKER_TROUBLE as error:
            writer, self._writer = self._writer, None
            await writer.stop()
            if isinstance(error, _FENCED) and not await self._is_owner():
                raise Fenced("another `harmonia deliver` has taken over, so this one ends; nothing is lost") from error
            raise

    async def _is_owner(self) -> bool:
        """Whether nobody has taken over: the broker fences as well who takes too long over a transaction."""
        async with PartitionReader(self._kafka) as reader:
            async for run in reader.runs(PLACE, await reader.start_of(PLACE), await reader.end_of(PLACE)):
                for record in run.records:
                    if record.key == _OWNER and record.value is not None:
                        self._owner = orjson.loads(record.value)["process"]
        return self._owner in ("", self._process)

    def _take(self, key: bytes | None, value: bytes | None) -> None:
        try:
            endpoint, *place = (key or b"").decode().split("/")
            match place:
                case [topic, partition]:
                    if value is None:
                        self.standings.pop((endpoint, topic, int(partition)), None)
                    else:
                        self.standings[endpoint, topic, int(partition)] = decoded(value)
                case ["replay"]:
                    _set(self.replays, endpoint, value)
                case []:
                    _set(self.statuses, endpoint, value)
        except ValueError:  # nothing of ours
            logger.warning("%s has a record that no version has written; it is passed over", DELIVERIES)


def standing_record(stand: Stand, standing: Standing) -> Output:
    """The record of what is stored of one endpoint in one partition."""
    return Output(DELIVERIES, 0, "/".join(map(str, stand)).encode(), encoded(standing))


def status_record(endpoint: str, status: dict[str, Any] | None) -> Output:
    """The record of an endpoint that is disabled; None: it is no more."""
    return Output(DELIVERIES, 0, endpoint.encode(), None if status is None else orjson.dumps(status))


def replay_key(endpoint: str) -> bytes:
    """The key of a request to tell an endpoint once more."""
    return f"{endpoint}/replay".encode()


def _set(held: dict[str, dict[str, Any]], endpoint: str, value: bytes | None) -> None:
    if value is None:
        held.pop(endpoint, None)
    else:
        held[endpoint] = orjson.loads(value)
