"""`harmonia lake fold`: folds the whole lake and writes states and profiles as Parquet, one file for each bucket.

`states/` holds what workers would keep (`contact_id`, `version`, `state` as the codec writes it), `contact_state/` the
profiles they would publish, in the columns of the lake's snapshots.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from sinks.base import ContactChange
from sinks.lake.erasure_list import Erasures, read_erasures
from sinks.lake.files import open_files
from sinks.lake.schema import TEXT
from sinks.lake.snapshots import profiles_table
from streams.domain.contact import encode
from streams.history.refold.buckets import Bucket, SortedHistory, each_bucket, sort_history
from streams.history.refold.contact_folding import RefoldedContact, refold_contact
from streams.platform.errors import LakeStopped

STATES = "states"
PROFILES = "contact_state"
STATES_SCHEMA = pa.schema([("contact_id", TEXT), ("version", pa.int64()), ("state", pa.binary())])


class FoldCounts(NamedTuple):
    """How many contacts have a state, how many a visible profile, and the outcomes of their interactions.

    `outcomes`: `applied`, `duplicate`, `earlier`, `full`, `in_vain`, `forgotten`; `refused`: those that could not
    be read, by reason.
    """

    contacts: int
    profiles: int
    outcomes: Counter[str]
    refused: Counter[str]


def fold_history(place: str, gathered: SortedHistory, out: Path, processes: int = 1) -> FoldCounts:
    """Fold sorted history of the lake at `place`, and write it below `out`. Raises OSError, and `Damaged`."""
    for name in (STATES, PROFILES):
        (out / name).mkdir(parents=True, exist_ok=True)
    erased = read_erasures(open_files(place))
    return _summed(each_bucket(gathered, partial(fold_bucket, erased, out), processes))


def fold_bucket(erased: Erasures, out: Path, bucket: Bucket) -> FoldCounts:
    """Fold the contacts of one bucket, and write its two files. `erased`: the lake's erasure list."""
    outcomes, refused = Counter[str](), Counter[str]()
    contacts = [
        found
        for history in bucket.histories()
        if (found := refold_contact(history, erased, outcomes, refused)) is not None
    ]
    shown = [each for each in contacts if each.profile is not None]
    name = f"{bucket.number:06}.parquet"
    _write(out / STATES / name, states_table(contacts))
    changes = [ContactChange(each.contact_id, each.state.version, each.profile, None, None) for each in shown]
    _write(out / PROFILES / name, profiles_table(changes))
    return FoldCounts(len(contacts), len(shown), outcomes, refused)


def states_table(contacts: Sequence[RefoldedContact]) -> pa.Table:
    """The states of contacts as a table of `STATES_SCHEMA`."""
    columns = [
        pa.array([each.contact_id for each in contacts], TEXT),
        pa.array([each.state.version for each in contacts], pa.int64()),
        pa.array([encode(each.state) for each in contacts], pa.binary()),
    ]
    return pa.table(columns, schema=STATES_SCHEMA)


def _write(path: Path, table: pa.Table) -> None:
    draft = path.with_name(f"_{path.name}")
    pq.write_table(table, draft, compression="zstd")
    draft.replace(path)


def _summed(parts: Iterable[FoldCounts]) -> FoldCounts:
    contacts, profiles = 0, 0
    outcomes, refused = Counter[str](), Counter[str]()
    for part in parts:
        contacts, profiles = contacts + part.contacts, profiles + part.profiles
        outcomes.update(part.outcomes)
        refused.update(part.refused)
    return FoldCounts(contacts, profiles, outcomes, refused)


ATTEMPTS = 5


def fold_lake(place: str, out: Path, processes: int, say: Callable[[str], None]) -> FoldCounts:
    """Fold the lake at `place` into `out`, which is new or empty; temporary files go into a folder of it.

    Raises OSError, `Damaged`, `LakeStopped` that says what to do, and ValueError for what is no lake.
    """
    if out.exists() and any(out.iterdir()):
        raise LakeStopped(f"{out} is not empty: name a folder that is, or none yet")
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    work = out / "_work"
    try:
        gathered = _sort(place, work, processes)
        if not gathered.rows:
            raise LakeStopped("HARMONIA_LAKE: there are no interactions in it that are anybody's")
        say(f"{gathered.rows} interactions sorted by contact, {gathered.without} are nobody's")
        return fold_history(place, gathered, out, processes)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _sort(place: str, work: Path, processes: int) -> SortedHistory:
    """Sort the lake's rows, from the start again where files were merged before they were read."""
    for _ in range(ATTEMPTS):
        try:
            return sort_history(place, work, processes)
        except FileNotFoundError:
            shutil.rmtree(work, ignore_errors=True)
    raise LakeStopped(
        "HARMONIA_LAKE is merged faster than it is read: let `lake compact` and `lake erase` rest meanwhile"
    )
