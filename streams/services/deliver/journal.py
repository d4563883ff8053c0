"""What is stored of deliveries: read once at the start, then written in transactions, those of all endpoints together.

One process of a deployment writes: opening the journal fences every other, which ends when it next writes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple
from uuid import uuid4

import msgspec
import orjson
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced
from faust.types import TP

from events.deliveries import EndpointStatus, ReplayProgress, ReplayRequest
from events.times import parse_time
from events.topics import DEAD_DELIVERIES, DELIVERIES, DELIVERY_LOG
from streams.domain.delivery.standing import Standing, decoded, encoded
from streams.engine.changelog import PartitionReader
from streams.engine.dangling_transactions import DanglingTransactions
from streams.engine.retry import BROKER_TROUBLE, retried
from streams.engine.runs import KafkaRecord
from streams.engine.writer import Output, TransactionWriter
from streams.platform.clients import KafkaClients
from streams.platform.errors import Fenced

logger = logging.getLogger(__name__)

PLACE = TP(DELIVERIES, 0)
_PLACES = (PLACE, TP(DELIVERY_LOG, 0), TP(DEAD_DELIVERIES, 0))
_FOR_EVER = 1 << 62
_OWNER = b"/owner"
_request = msgspec.json.Decoder(ReplayRequest).decode
_FENCED = (ProducerFenced, InvalidProducerEpoch)
Stand = tuple[str, str, int]
"""An endpoint, a topic and a partition."""


class Replay(NamedTuple):
    """That somebody wants an endpoint told once more. `offset`: of the request. `dead_from`: where it goes on."""

    request: ReplayRequest
    offset: int
    dead_from: int | None = None


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
        self._owner_read_to = 0
        self.standings: dict[Stand, Standing] = {}
        self.statuses: dict[str, EndpointStatus] = {}
        self._requests: dict[str, Replay] = {}
        self._progress: dict[str, ReplayProgress] = {}

    async def open(self) -> None:
        """Fence every other process, and read what was stored. Raises Kafka's errors and `Fenced`."""
        self._owner_read_to = await retried(self._claim, "opening the journal")
        async with PartitionReader(self._kafka) as reader:
            end, last = max(await reader.end_of(PLACE), self._owner_read_to), dict[bytes, KafkaRecord]()
            async for run in reader.runs(PLACE, await reader.start_of(PLACE), end):
                for record in run.records:
                    if record.key and record.key.count(b"/") == 2:  # a standing, of which many are there
                        last[record.key] = record
                    else:
                        self._take(record.key, record.value, record.offset)
                self._read_to = run.next_offset
            for record in last.values():
                self._take(record.key, record.value, record.offset)
        await self._require_owner()  # another may have claimed it while this one was reading

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

    @property
    def names(self) -> set[str]:
        """The endpoints of which anything but standings is stored."""
        return {*self.statuses, *self._requests, *self._progress}

    async def take_out(self, outputs: Sequence[Output], logs: Sequence[Output]) -> None:
        """Write records of the journal itself, and know what they say; with what came of it. Raises `Fenced`."""
        if outputs:
            await self.write([*outputs, *logs])
        for output in outputs:
            self._take(output.key, output.value, self._read_to)

    def replay_of(self, endpoint: str) -> Replay | None:
        """What an endpoint is still to be told once more."""
        asked, done = self._requests.get(endpoint), self._progress.get(endpoint)
        if asked is None or done is None or done["request"] < asked.offset:
            return asked
        return None if done["dead_from"] is None else asked._replace(dead_from=done["dead_from"])

    async def note_replayed(self, endpoint: str, progress: ReplayProgress, outputs: Sequence[Output]) -> None:
        """Store how far a request is fulfilled, with what came of it."""
        await self.write([*outputs, Output(DELIVERIES, 0, f"{endpoint}/replayed".encode(), orjson.dumps(progress))])
        self._progress[endpoint] = progress

    async def replay_requests(self) -> AsyncIterator[str]:
        """The endpoints that somebody wants to be told once more, as they are asked for from now on.

        Raises `Fenced` once another process has taken over, also where there is nothing to write that would be refused.
        """
        while True:
            try:
                async with PartitionReader(self._kafka) as reader:
                    async for run in reader.runs(PLACE, self._read_to, _FOR_EVER):
                        for record in run.records:
                            if record.key == _OWNER and _process_of(record.value) not in (None, self._process):
                                await self._require_owner()
                            endpoint, _, what = (record.key or b"").decode(errors="replace").partition("/")
                            if what == "replay":
                                self._take(record.key, record.value, record.offset)
                                if record.value is not None:
                                    yield endpoint
                        self._read_to = run.next_offset
            except BROKER_TROUBLE as error:
                logger.warning("following %s: %s", DELIVERIES, type(error).__name__)
                await asyncio.sleep(1.0)

    async def _claim(self) -> int:
        """Fence, and say who is the owner now, whoever was before: another that comes stands from this offset on."""
        await self._start_writer()
        if (writer := self._writer) is None:
            raise RuntimeError("no writer")
        try:
            claimed = await writer.write([Output(DELIVERIES, 0, _OWNER, orjson.dumps({"process": self._process}))])
        except BaseException:
            self._writer = None
            await writer.stop()
            raise
        return claimed[PLACE]

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
            await self._require_owner()
            await retried(self._start_writer, "opening the journal again")
            await self._require_owner()
        if self._writer is None:
            raise RuntimeError("no writer")
        try:
            await self._writer.write(outputs)
        except BROKER_TROUBLE as error:
            writer, self._writer = self._writer, None
            await writer.stop()
            if isinstance(error, _FENCED):
                await self._require_owner()
            raise

    async def _require_owner(self) -> None:
        """Raise `Fenced` where another process has taken over.

        Being refused does not say so: the broker also refuses who takes too long over a transaction. Nor does not being
        refused: whoever opens the journal again refuses the other one.
        """
        owner, read_to = self._owner, self._owner_read_to
        async with PartitionReader(self._kafka) as reader:
            begin, end = max(read_to, await reader.start_of(PLACE)), await reader.end_of(PLACE)
            async for run in reader.runs(PLACE, begin, end):
                owners = [_process_of(record.value) for record in run.records if record.key == _OWNER]
                owner = next(filter(None, reversed(owners)), owner)
                read_to = run.next_offset
        if read_to >= self._owner_read_to:  # else somebody else has asked meanwhile, and read more
            self._owner, self._owner_read_to = owner, read_to
        if owner not in ("", self._process):
            raise Fenced("another `harmonia deliver` has taken over, so this one ends; nothing is lost")

    def _take(self, key: bytes | None, value: bytes | None, offset: int) -> None:
        try:
            endpoint, *place = (key or b"").decode().split("/")
            if value is None:
                self._forget(endpoint, place)
                return
            match place:
                case [topic, partition]:
                    self.standings[endpoint, topic, int(partition)] = decoded(value)
                case ["replay"]:
                    asked = replay_request(value)
                    if self.replay_of(endpoint) is None:  # else two have asked at once
                        self._requests[endpoint] = Replay(asked, offset)
                case ["replayed"]:
                    self._progress[endpoint] = orjson.loads(value)
                case [] if endpoint:
                    self.statuses[endpoint] = orjson.loads(value)
        except ValueError:  # nothing of ours
            logger.warning("%s has a record that no version has written; it is passed over", DELIVERIES)

    def _forget(self, endpoint: str, place: Sequence[str]) -> None:
        match place:
            case [topic, partition]:
                self.standings.pop((endpoint, topic, int(partition)), None)
            case ["replay"]:
                self._requests.pop(endpoint, None)
            case ["replayed"]:
                self._progress.pop(endpoint, None)
            case []:
                self.statuses.pop(endpoint, None)


def _process_of(value: bytes | None) -> str | None:
    try:
        return str(orjson.loads(value or b"")["process"])
    except (ValueError, KeyError, TypeError):  # nothing of ours
        return None


def standing_record(stand: Stand, standing: Standing) -> Output:
    """The record of what is stored of one endpoint in one partition."""
    return Output(DELIVERIES, 0, "/".join(map(str, stand)).encode(), encoded(standing))


def status_record(endpoint: str, status: EndpointStatus) -> Output:
    """The record of how an endpoint answers."""
    return Output(DELIVERIES, 0, endpoint.encode(), orjson.dumps(status))


def tombstone(key: str) -> Output:
    """The record that takes out what is stored by a key."""
    return Output(DELIVERIES, 0, key.encode(), None)


def replay_request(value: bytes) -> ReplayRequest:
    """What somebody has asked for. Raises ValueError for what is no request."""
    asked = _request(value)
    if parse_time(asked["since"]) is None:
        raise ValueError("since is no time")
    return asked


def replay_key(endpoint: str) -> bytes:
    """The key of a request to tell an endpoint once more."""
    return f"{endpoint}/replay".encode()
