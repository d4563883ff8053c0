"""A few contacts of the lake as the workers would have kept them: chunk by chunk, with a store."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq

from sinks.lake.files import LocalFiles
from streams.domain.contact import ContactState, decode, encode
from streams.domain.pressure import default_policy
from streams.engine.aiokafka_patches.fetched_records import FetchedRecord
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.history.refold.contact_folding import settled_state
from streams.history.refold.fold_files import STATES
from streams.history.refold.lake_source import interaction_files, read_batches
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.contacts.output_records import RecordBuilder

_CODEC = Codec(encode, decode)
_CHUNK = 50


def differing(lake: Path, out: Path, one_of: int, seed: int) -> tuple[int, int]:
    """How many contacts were compared, one of so many, and of how many the state that was folded again is another."""
    streamed = _streamed(_records(lake, one_of), seed)
    again = dict(_folded_again(out, one_of))
    differ = sum(streamed.get(name) != again.get(name) for name in streamed.keys() | again.keys())
    return len(streamed.keys() | again.keys()), differ


def is_chosen(contact_id: str, one_of: int) -> bool:
    """Whether a contact is compared."""
    return crc32(contact_id.encode(), 1) % one_of == 0


def _records(lake: Path, one_of: int) -> list[FetchedRecord]:
    files = LocalFiles(lake)
    found = []
    for piece in interaction_files(files):
        for batch in read_batches(files, piece.name):
            places = [at for at, name in enumerate(batch["fragment"].to_pylist()) if is_chosen(name, one_of)]
            for row in batch.take(pa.array(places, pa.int64())).to_pylist():
                at = int(row["appended_at"].timestamp() * 1000 + 0.5)
                key = row["fragment"].encode()
                found.append(FetchedRecord("interactions", row["partition"], row["offset"], at, key, row["event"], ()))
    return sorted(found, key=lambda record: (record.partition, record.offset))


def _streamed(records: Sequence[FetchedRecord], seed: int) -> dict[str, ContactState]:
    store = MemoryStore()
    states = States(store, _CODEC, RecentStates[ContactState](0))
    for chunk in _chunks(records, Random(seed)):
        folding = InteractionsHandler(states, RecordBuilder(0, 1, 0), 0, default_policy())
        folding.take(chunk)
        changes = folding.effects.changes
        encoded = {key: None if state is None else encode(state) for key, state in changes.items()}
        states.commit(changes, encoded, Position("topic", 0, 0))
    return {key.decode(): settled_state(decode(value)) for key, value in store.items()}


def _chunks(records: Sequence[FetchedRecord], rng: Random) -> Iterator[Sequence[FetchedRecord]]:
    start = 0
    while start < len(records):
        end = start + rng.randrange(1, 2 * _CHUNK)
        yield records[start:end]
        start = end


def _folded_again(out: Path, one_of: int) -> Iterator[tuple[str, ContactState]]:
    for path in sorted((out / STATES).glob("*.parquet")):
        for row in pq.read_table(path, columns=["contact_id", "state"]).to_pylist():
            if is_chosen(row["contact_id"], one_of):
                yield row["contact_id"], settled_state(decode(row["state"]))
