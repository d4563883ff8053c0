"""States and profiles of all contacts, made of their whole history and written as Parquet.

A file for each bucket: `states/` holds what the workers would keep (`contact_id`, `version`, `state` as the codec
writes it), `contact_state/` what they would show, in the columns of the lake's snapshots.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
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
from streams.history.refold.buckets import Bucket, Gathered, each_bucket
from streams.history.refold.profiles import Told, tell

STATES = "states"
PROFILES = "contact_state"
STATES_SCHEMA = pa.schema([("contact_id", TEXT), ("version", pa.int64()), ("state", pa.binary())])


class Folded(NamedTuple):
    """How many contacts have a state, how many of them are shown, and what became of the interactions.

    `outcomes`: `applied`, `duplicate`, `full`, `in_vain`; `refused`: those that could not be read, by reason.
    """

    contacts: int
    profiles: int
    outcomes: Counter[str]
    refused: Counter[str]


def fold_history(place: str, gathered: Gathered, out: Path, processes: int = 1) -> Folded:
    """Fold what was gathered from the lake at `place`, and write it below `out`. Raises OSError, and `Damaged`."""
    for name in (STATES, PROFILES):
        (out / name).mkdir(parents=True, exist_ok=True)
    return _together(each_bucket(gathered, partial(fold_bucket, place, out), processes))


def fold_bucket(place: str, out: Path, bucket: Bucket) -> Folded:
    """Fold the contacts of one bucket, and write its two files."""
    erased = _erasures(place)
    outcomes, refused = Counter[str](), Counter[str]()
    told = [found for history in bucket.histories() if (found := tell(history, erased, outcomes, refused)) is not None]
    shown = [each for each in told if each.profile is not None]
    name = f"{bucket.number:06}.parquet"
    _write(out / STATES / name, states_table(told))
    changes = [ContactChange(each.contact_id, each.state.version, each.profile, None, None) for each in shown]
    _write(out / PROFILES / name, profiles_table(changes))
    return Folded(len(told), len(shown), outcomes, refused)


def states_table(told: Sequence[Told]) -> pa.Table:
    """What is kept of contacts."""
    columns = [
        pa.array([each.contact_id for each in told], TEXT),
        pa.array([each.state.version for each in told], pa.int64()),
        pa.array([encode(each.state) for each in told], pa.binary()),
    ]
    return pa.table(columns, schema=STATES_SCHEMA)


@lru_cache(maxsize=1)
def _erasures(place: str) -> Erasures:
    """Read once in a process."""
    return read_erasures(open_files(place))


def _write(path: Path, table: pa.Table) -> None:
    draft = path.with_name(f"_{path.name}")
    pq.write_table(table, draft, compression="zstd")
    draft.replace(path)


def _together(parts: Iterable[Folded]) -> Folded:
    contacts, profiles = 0, 0
    outcomes, refused = Counter[str](), Counter[str]()
    for part in parts:
        contacts, profiles = contacts + part.contacts, profiles + part.profiles
        outcomes.update(part.outcomes)
        refused.update(part.refused)
    return Folded(contacts, profiles, outcomes, refused)
