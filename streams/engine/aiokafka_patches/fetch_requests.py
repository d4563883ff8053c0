"""Fetches of a consumer: no more of them than are worth it, written and read in one go for each partition.

A worker asks for more than a hundred partitions at once. aiokafka asks again as soon as it is answered, for the next
record, and writes and reads such a request field by field: at a hundred events a second that was half of what a worker
did.
"""

import struct
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any, Self

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer import fetcher as consuming
from aiokafka.errors import KafkaError
from aiokafka.protocol import fetch

IDLE_WAIT_MS = 500
"""Milliseconds that a fetch of all partitions waits for a record, at most."""
EVERY_S = 0.02
"""Seconds from one fetch to the next while much comes in: what has come meanwhile is fetched together."""
AT_ONCE = 4
"""Fetches that may follow each other without a pause, after a rest: what comes now and then is not held up."""
REST_S = 2.0
"""Seconds after which a consumer of little looks for something to fetch though nothing has happened to it."""

_HEAD = struct.Struct(">iiiibiii")
_ASKED = struct.Struct(">iiqqi")
_ANSWER = struct.Struct(">ihii")
_ANSWERED = struct.Struct(">ihqqqiii")
_ABORTED = struct.Struct(">qq")
_RECORDS = struct.Struct(">ii")
_COUNT = struct.Struct(">i")
_LENGTH = struct.Struct(">h")
_UNKNOWN, _NO_SESSION, _LAST_EPOCH = -1, 0, -1


class PackedFetchResponse(fetch.FetchResponse_v11):  # type: ignore[misc]
    """Version 11 of the answer, as aiokafka reads it. Raises `ValueError` for one that ends too early."""

    @classmethod
    def decode(cls, data: BytesIO | bytes) -> Self:
        raw, at = (data, 0) if isinstance(data, bytes) else (data.getvalue(), data.tell())
        try:
            return cls._read(raw, at)
        except (struct.error, UnicodeDecodeError) as error:
            raise ValueError(f"the answer to a fetch ends too early: {error}") from error

    @classmethod
    def _read(cls, raw: bytes, at: int) -> Self:
        throttle_ms, error, session, count = _ANSWER.unpack_from(raw, at)
        at += _ANSWER.size
        topics = []
        for _ in range(count):
            (length,) = _LENGTH.unpack_from(raw, at)
            at += _LENGTH.size
            name = raw[at : at + length].decode()
            at += length
            (partitions,) = _COUNT.unpack_from(raw, at)
            at += _COUNT.size
            found = []
            for _ in range(partitions):
                partition, code, highwater, stable, start, aborting, replica, size = _ANSWERED.unpack_from(raw, at)
                at += _ANSWERED.size
                aborted: list[tuple[int, int]] | None = None if aborting < 0 else []
                if aborting > 0:
                    at -= _RECORDS.size  # what was read as the last two fields is the first that was aborted
                    aborted = [_ABORTED.unpack_from(raw, at + _ABORTED.size * n) for n in range(aborting)]
                    at += _ABORTED.size * aborting
                    replica, size = _RECORDS.unpack_from(raw, at)
                    at += _RECORDS.size
                records = None if size < 0 else raw[at : at + size]
                if records is not None and len(records) != size:
                    raise ValueError(f"{size - len(records)} bytes of records lack in the answer to a fetch")
                at += max(0, size)
                found.append((partition, code, highwater, stable, start, aborted, replica, records))
            topics.append((name, found))
        return cls(throttle_ms, error, session, topics)


class PackedFetchStruct(fetch.FetchRequest_v11):  # type: ignore[misc]
    """Version 11 of the request, in the same bytes as aiokafka's."""

    RESPONSE_TYPE = PackedFetchResponse

    def encode(self) -> bytes:
        said = self.__dict__
        topics = said["topics"]
        parts = [
            _HEAD.pack(
                said["replica_id"],
                said["max_wait_time"],
                said["min_bytes"],
                said["max_bytes"],
                said["isolation_level"],
                said["session_id"],
                said["session_epoch"],
                len(topics),
            )
        ]
        for topic, partitions in topics:
            parts += [_text(topic), _COUNT.pack(len(partitions))]
            parts += [_ASKED.pack(number, _UNKNOWN, offset, _UNKNOWN, most) for number, offset, most in partitions]
        parts += [_COUNT.pack(0), _text(said["rack_id"])]
        return b"".join(parts)


def _text(value: str) -> bytes:
    encoded = value.encode()
    return _LENGTH.pack(len(encoded)) + encoded


class PackedFetchRequest(fetch.FetchRequest):  # type: ignore[misc]
    """A fetch, in the packed form where the broker knows version 11 (Kafka 2.3)."""

    def build(self, request_struct_class: type[Any]) -> Any:
        if request_struct_class is not fetch.FetchRequest_v11:
            return super().build(request_struct_class)
        return PackedFetchStruct(
            _UNKNOWN,
            self._max_wait_ms,
            self._min_bytes,
            self._max_bytes,
            self._isolation_level,
            _NO_SESSION,
            _LAST_EPOCH,
            self._topics,
            [],
            self._rack_id,
        )


def pack_fetches() -> None:
    """Have aiokafka's consumers write and read fetches so, for the whole process."""
    consuming.FetchRequest = PackedFetchRequest


def pace_fetches(fetcher: Any, now: Callable[[], float] = time.monotonic) -> None:
    """Have a consumer fetch less often while much comes in, and wait longer for a record while nothing does.

    `AT_ONCE` fetches may follow each other, one more every `EVERY_S`. A fetch that covers all of a broker's partitions
    ends with the first record of any, so nothing is late for it; the next one leaves out what is not handed on yet, and
    must end soon, since that can't be fetched meanwhile. `now`: seconds of a clock that never goes back.
    """
    plan, short = fetcher._get_actions_per_node, fetcher._fetch_max_wait_ms
    are_all_asked = _AllAsked(fetcher)
    allowed, counted = float(AT_ONCE), now()

    def paced(assignment: Any) -> Any:
        """Requests by broker, resets, seconds until it is asked again at the latest, and what else to wait for."""
        nonlocal allowed, counted
        if are_all_asked(assignment):
            return [], {}, fetcher._fetcher_timeout, False, []
        at = now()
        allowed, counted = min(AT_ONCE, allowed + (at - counted) / EVERY_S), at
        if allowed < 1:
            return [], {}, (1 - allowed) * EVERY_S, False, []
        fetcher._fetch_max_wait_ms = short if fetcher._records else max(short, IDLE_WAIT_MS)
        actions = plan(assignment)
        if actions[0]:
            allowed -= 1
        return actions

    fetcher._get_actions_per_node = paced


def look_for_leaders(fetcher: Any) -> None:
    """Have a consumer ask who leads the partitions once a broker does not say where they begin.

    aiokafka asks the same broker again, and does not look for another leader before its metadata are old.
    """
    ask = fetcher._proc_offset_request

    async def asked(node_id: Any, topics: Any) -> Any:
        try:
            return await ask(node_id, topics)
        except KafkaError:
            fetcher._client.force_metadata_update()
            raise

    fetcher._proc_offset_request = asked


def rest_longer(consumer: AIOKafkaConsumer) -> None:
    """Have a started consumer that little comes to look less often for something to fetch; aiokafka looks each 0.2 s.

    Whatever makes a difference wakes it: an answer, a failure, an assignment, a resumption, new metadata.
    """
    consumer._fetcher._fetcher_timeout = REST_S


class _AllAsked:
    """Whether every leader of an assignment's partitions has a request to answer, so that there is nothing to plan.

    aiokafka goes through all partitions to find that out. Here their leaders are known until the assignment or the
    metadata are others, of which each has an object of its own; a leader that is not known is never one that is asked.
    """

    def __init__(self, fetcher: Any) -> None:
        self._fetcher = fetcher
        self._assignment: Any = None
        self._metadata: Any = None
        self._leaders: set[int | None] = set()

    def __call__(self, assignment: Any) -> bool:
        cluster = self._fetcher._client.cluster
        if assignment is not self._assignment or cluster._partitions is not self._metadata:
            self._assignment, self._metadata = assignment, cluster._partitions
            self._leaders = {cluster.leader_for_partition(tp) for tp in assignment.tps}
        return bool(self._leaders) and self._leaders <= self._fetcher._in_flight
