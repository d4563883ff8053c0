"""The same fold from Arrow batches to Arrow batches, for engines that sort by themselves: Spark's `mapInArrow`."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from sinks.lake.erasure_list import Erasures
from sinks.lake.schema import TEXT
from streams.domain.contact import encode
from streams.history.refold.contact_rows import histories
from streams.history.refold.lake_source import NEEDED, NEEDED_SCHEMA, only_of_somebody
from streams.history.refold.profiles import Told, tell

FOLDED_SCHEMA = pa.schema([("contact_id", TEXT), ("version", pa.int64()), ("state", pa.binary()), ("profile", TEXT)])
"""`profile` is null where none is shown."""

CONTACTS_AT_ONCE = 5_000


def fold_batches(batches: Iterable[pa.RecordBatch], erased: Erasures) -> Iterator[pa.RecordBatch]:
    """Batches of `FOLDED_SCHEMA` of batches that have the columns `NEEDED`.

    All rows of a contact have to come one after the other, in whatever order.
    """
    waiting: list[Told] = []
    for rows in _ending_with_a_contact(batches):
        waiting += [told for history in histories(rows) if (told := tell(history, erased)) is not None]
        if len(waiting) >= CONTACTS_AT_ONCE:
            yield _batch(waiting)
            waiting = []
    if waiting:
        yield _batch(waiting)


def _ending_with_a_contact(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """The rows that have somebody and something to tell, in pieces each of which ends where a contact does."""
    held: list[pa.RecordBatch] = []
    for each in batches:
        batch = only_of_somebody(each.select(list(NEEDED)).cast(NEEDED_SCHEMA))
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


def _batch(told: list[Told]) -> pa.RecordBatch:
    columns = [
        pa.array([each.contact_id for each in told], TEXT),
        pa.array([each.state.version for each in told], pa.int64()),
        pa.array([encode(each.state) for each in told], pa.binary()),
        pa.array([None if each.profile is None else each.profile.decode() for each in told], TEXT),
    ]
    return pa.record_batch(columns, schema=FOLDED_SCHEMA)
