"""`harmonia worker` with a fault planted in it, run as a program: the code under test has no hooks for this.

`CHAOS_CRASH=GAP:N` kills the process, as kill -9 does, when it passes a gap between two effects of a chunk for the n-th
time; `CHAOS_FREEZE=GAP:N` stops it there, until somebody lets it go on. `CHAOS_SLOW=METHOD:SECONDS` has
producers wait before it, each time. `CHAOS_FLUSH=1` brings stores to disk often.
`CHAOS_LOSE_ANSWERS=SEED:SHARE` lets so many of all commits of transactions succeed without an answer.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from random import Random
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.transaction import EndTxnRequest

from events.topics import CONTACT_STATE
from sinks.redis import RedisSink
from streams.cli.main import app
from streams.engine.aiokafka_patches.offsets_of_members import HeldOffsets
from streams.engine.rocksdb_store import RocksStore
from streams.engine.store import Position
from streams.engine.table_partition import TablePartition
from streams.engine.write_back import WriteBackStore
from streams.engine.writer import Outbox, TransactionWriter

Pass = Callable[[], None]
FLUSH_EVERY = 5


class Fuse:
    """Signals the process at the n-th pass."""

    def __init__(self, passes: int, number: signal.Signals) -> None:
        self._left = passes
        self._number = number

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._number)


def _before(owner: type[Any], name: str, step: Pass) -> None:
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def stepped(*args: Any, **kwargs: Any) -> Any:
        step()
        return await original(*args, **kwargs)

    setattr(owner, name, stepped)


def _after(owner: type[Any], name: str, step: Pass) -> None:
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def stepped(*args: Any, **kwargs: Any) -> Any:
        result = await original(*args, **kwargs)
        step()
        return result

    setattr(owner, name, stepped)


def _slowly(seconds: float, owner: type[Any], name: str) -> None:
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def slowed(*args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(seconds)
        return await original(*args, **kwargs)

    setattr(owner, name, slowed)


def _before_each_transaction(step: Pass) -> None:
    """Of contacts, whose partitions share one, and of the tables of one partition."""
    _before(TransactionWriter, "write", step)
    _before(TransactionWriter, "write_as_member", step)


def _before_profiles_are_committed(step: Pass) -> None:
    """Steps when a transaction with profiles in it is about to be committed; others are no pass.

    Those are of other tables than contacts, or of chunks that change nobody.
    """
    send, commit = AIOKafkaProducer.send_batch, AIOKafkaProducer.commit_transaction
    holding: set[AIOKafkaProducer] = set()

    async def noted(producer: AIOKafkaProducer, batch: Any, topic: str, **kwargs: Any) -> Any:
        if topic == CONTACT_STATE:
            holding.add(producer)
        return await send(producer, batch, topic, **kwargs)

    async def stepped(producer: AIOKafkaProducer) -> None:
        if producer in holding:
            holding.discard(producer)
            step()
        await commit(producer)

    setattr(AIOKafkaProducer, "send_batch", noted)  # noqa: B010 - mypy would take it for a bound method
    setattr(AIOKafkaProducer, "commit_transaction", stepped)  # noqa: B010


#: Every gap between the effects of a chunk, from the first agent to the last.
GAPS: dict[str, Callable[[Pass], None]] = {
    "intake-before-write": lambda step: _before(Outbox, "write", step),
    "intake-after-write": lambda step: _after(Outbox, "write", step),
    "before-transaction": _before_each_transaction,
    "before-offsets": lambda step: _before(HeldOffsets, "send", step),
    "inside-transaction": lambda step: _before(AIOKafkaProducer, "commit_transaction", step),
    "inside-transaction-of-profiles": _before_profiles_are_committed,
    "before-store": lambda step: _after(AIOKafkaProducer, "commit_transaction", step),
    "after-store": lambda step: _after(TablePartition, "_apply_once", step),
    "before-group-commit": lambda step: _before(AIOKafkaConsumer, "commit", step),
    "after-group-commit": lambda step: _after(AIOKafkaConsumer, "commit", step),
    "before-redis": lambda step: _before(RedisSink, "write", step),
    "after-redis": lambda step: _after(RedisSink, "write", step),
}


def flush_often() -> None:
    """Bring stores to disk every few writes, so that a crash leaves something that is behind, and not just nothing."""
    original = WriteBackStore.write
    writes = count(1)

    def write(store: WriteBackStore, changes: Mapping[bytes, bytes | None], position: Position) -> None:
        original(store, changes, position)
        if next(writes) % FLUSH_EVERY == 0:
            store.flush()
            below = cast(RocksStore, store.below)
            try:
                below._db.flush(wait=False)
            except Exception as error:  # noqa: BLE001 - of a full disk, say: told as the store tells it of its own writes
                raise below._failed(error) from None

    setattr(WriteBackStore, "write", write)  # noqa: B010 - mypy would take it for a bound method


def lose_answers(rng: Random, share: float) -> None:
    """Some commits reach the broker and are answered, and the connection breaks before the answer is read."""
    original = AIOKafkaConnection.send

    def send(connection: AIOKafkaConnection, request: Any, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        answer: Awaitable[Any] = original(connection, request, *args, **kwargs)
        if isinstance(request, EndTxnRequest) and rng.random() < share:
            return _lost(connection, answer)
        return answer

    AIOKafkaConnection.send = send


async def _lost(connection: AIOKafkaConnection, answer: Awaitable[Any]) -> Any:
    await answer
    connection.close()
    print("chaos: the answer to a commit is lost", flush=True)  # noqa: T201 - the test counts these
    raise KafkaConnectionError("the connection broke before the answer")


def main() -> None:
    """Plant what the environment says, then be the ordinary command."""
    for name, number in {"CHAOS_CRASH": signal.SIGKILL, "CHAOS_FREEZE": signal.SIGSTOP}.items():
        if fault := os.environ.get(name):
            gap, _, passes = fault.partition(":")
            GAPS[gap](Fuse(int(passes), number))
    if slow := os.environ.get("CHAOS_SLOW"):
        name, _, seconds = slow.partition(":")
        _slowly(float(seconds), AIOKafkaProducer, name)
    if "CHAOS_FLUSH" in os.environ:
        flush_often()
    if losses := os.environ.get("CHAOS_LOSE_ANSWERS"):
        seed, _, share = losses.partition(":")
        lose_answers(Random(int(seed)), float(share))
    app()


if __name__ == "__main__":
    main()
