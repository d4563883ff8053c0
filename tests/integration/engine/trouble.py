"""A broker's answers that go astray, in the place where the engine meets them: the write of a transaction."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from enum import Enum
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, ProducerFenced
from faust.types import TP

from streams.engine import table_partition
from streams.engine.writer import TransactionWriter, _send

Write = Callable[..., Awaitable[dict[TP, int]]]


class Trouble(Enum):
    """What becomes of one write."""

    NONE = "it succeeds"
    NOT_SENT = "nothing reaches the broker"
    NOT_COMMITTED = "the records reach the broker, the commit does not"
    ANSWER_LOST = "it succeeds, and nobody is told"
    ANSWER_LATE = "it succeeds, and the answer takes longer than anybody waits"


async def _write(write: Write, trouble: Trouble, writer: TransactionWriter, *records: Any) -> dict[TP, int]:
    if trouble is Trouble.NOT_SENT:
        raise KafkaConnectionError
    if trouble is Trouble.NOT_COMMITTED:
        await writer._producer.begin_transaction()
        await _send(writer._producer, *records)
        raise KafkaConnectionError
    written = await write(writer, *records)
    if trouble is Trouble.ANSWER_LOST:
        raise KafkaConnectionError
    if trouble is Trouble.ANSWER_LATE:
        await asyncio.get_running_loop().create_future()
    return written


def troubles_come(monkeypatch: pytest.MonkeyPatch, troubles: Iterator[Trouble]) -> None:
    """Every write from now on meets the next trouble; when there are no more, it succeeds."""
    write = TransactionWriter.write

    async def troubled(writer: TransactionWriter, *records: Any) -> dict[TP, int]:
        return await _write(write, next(troubles, Trouble.NONE), writer, *records)

    monkeypatch.setattr(TransactionWriter, "write", troubled)


def refused_once(monkeypatch: pytest.MonkeyPatch, after_seconds: float) -> None:
    """The next write is refused for its epoch, as much later by the clock as said; the ones after it succeed."""
    write = TransactionWriter.write
    late = [after_seconds]

    async def refused(writer: TransactionWriter, *records: Any) -> dict[TP, int]:
        if not late:
            return await write(writer, *records)
        now = time.monotonic() + late.pop()
        late_clock = SimpleNamespace(monotonic=lambda: now, time_ns=time.time_ns)  # the loop has its own
        monkeypatch.setattr(table_partition, "time", late_clock)
        raise ProducerFenced

    monkeypatch.setattr(TransactionWriter, "write", refused)
