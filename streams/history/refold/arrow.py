"""The refold from Arrow batches to Arrow batches, for engines that sort by themselves: Spark's `mapInArrow`."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from sinks.lake.erasure_list import Erasures
from sinks.lake.schema import TEXT
from streams.domain.contact import encode
from streams.history.refold.contact_folding import RefoldedContact, refold_contact
from streams.history.refold.contact_rows import histories
from streams.history.refold.lake_source import NEEDED, NEEDED_SCHEMA, with_contact_and_event

FOLDED_SCHEMA = pa.schema([("contact_id", TEXT), ("version", pa.int64()), ("state", pa.binary()), ("profile", TEXT)])
"""`profile` is null where none is visible."""

CONTACTS_AT_ONCE = 5_000


def fold_batches(batches: Iterable[pa.RecordBatch], erased: Erasures) -> Iterator[pa.RecordBatch]:
    """Fold batches with the columns `NEEDED` into batches of `FOLDED_SCHEMA`.

    All rows of a contact must come one after the other, in any order.
    """
    waiting: list[RefoldedContact] = []
    for rows in _ending_with_a_contact(batches):
        waiting += [folded for history in histories(rows) if (folded := refold_contact(history, erased)) is not None]
        if len(waiting) >= CONTACTS_AT_ONCE:
            yield _batch(waiting)
            waiting = []
    if waiting:
        yield _batch(waiting)


def _ending_with_a_contact(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """The rows with a contact and an event, in pieces each of which ends where a contact does."""
    held: list[pa.RecordBatch] = []
    for each in batches:
        batch = with_contact_and_event(each.select(list(NEEDED)).cast(NEEDED_SCHEMA))
        if not len(batch):
            continue
        last = batch["fragment"][-1]
        start = pc.index(batch["fragment"], last).as_py()
        if start or (held and held[-1]["fragment"][-1] != last):
            yield [*held, batch.slice(0, start)]
            held = []
        held.append(batch.slice(start))
    if held:
        yield held


def _batch(contacts: list[RefoldedContact]) -> pa.RecordBatch:
    columns = [
        pa.array([each.contact_id for each in contacts], TEXT),
        pa.array([each.state.version for each in contacts], pa.int64()),
        pa.array([encode(each.state) for each in contacts], pa.binary()),
        pa.array([None if each.profile is None else each.profile.decode() for each in contacts], TEXT),
    ]
    return pa.record_batch(columns, schema=FOLDED_SCHEMA)
