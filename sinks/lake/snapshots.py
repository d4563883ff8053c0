"""Daily snapshots: the newest version of each contact, and into whom contacts were merged.

The snapshot of a date is there whole or not at all: its manifest names the files of both datasets.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from events.json_types import UNREADABLE
from events.times import parse_time
from sinks.base import ContactChange
from sinks.lake.files import Files, new_name
from sinks.lake.manifests import MANIFESTS, STAGING, LakeFile, NamePart, encode, read, staged_name
from sinks.lake.schema import MOMENT, TEXT

CONTACT_STATE = "contact_state"
CONTACT_LINKS = "contact_links"
SNAPSHOTS = f"{MANIFESTS}/snapshots"
_STAGED = f"{STAGING}/snapshots"

CONTACT_STATE_SCHEMA = pa.schema(
    [("contact_id", TEXT), ("version", pa.int64()), ("first_seen", MOMENT), ("last_seen", MOMENT), ("profile", TEXT)]
)
"""`profile`: the value of `contact-state`, JSON."""
CONTACT_LINKS_SCHEMA = pa.schema([("contact_id", TEXT), ("version", pa.int64()), ("merged_into", TEXT)])
SCHEMAS = {CONTACT_STATE: CONTACT_STATE_SCHEMA, CONTACT_LINKS: CONTACT_LINKS_SCHEMA}


class Snapshot(Struct, frozen=True):
    """The manifest of a date's snapshot (`2012-02-22`). `taken_at`: when it was begun, ms since 1970."""

    date: NamePart
    taken_at: int
    writer: NamePart
    files: tuple[LakeFile, ...]


class SnapshotWriter:
    """Writes the snapshot of a date: ask `is_taken` first; readers see nothing before `commit`."""

    def __init__(self, files: Files, date: str, taken_at: int) -> None:
        self._files = files
        self._date = date
        self._taken_at = taken_at
        self._writer = new_name()
        self._done: list[LakeFile] = []

    def is_taken(self) -> bool:
        """Whether the snapshot exists. Completes one whose writer has not moved its files yet."""
        name = manifest_of(self._date)
        if not self._files.there(name):
            return False
        self._settle(read(self._files, name, Snapshot))
        return True

    @contextmanager
    def file(self, dataset: str) -> Iterator[Callable[[pa.Table], None]]:
        """Write a file of `contact_state` or `contact_links` piece by piece; it counts unless the block fails."""
        added = []
        name = f"{dataset}/date={self._date}/{len(self._done)}-{self._writer}.parquet"
        with self._files.writing(staged_name(staging_of(self._date), self._writer, name)) as file:
            with pq.ParquetWriter(file, SCHEMAS[dataset], compression="zstd") as parquet:

                def add(piece: pa.Table) -> None:
                    parquet.write_table(piece)
                    added.append(piece.num_rows)

                yield add
            size = file.tell()
        self._done.append(LakeFile(name, sum(added), size))

    def commit(self) -> Snapshot | None:
        """Make the files the snapshot of the date. None: another process has been quicker."""
        snapshot = Snapshot(self._date, self._taken_at, self._writer, tuple(self._done))
        draft = f"{staging_of(self._date)}/{self._writer}/manifest.json"
        if not self._files.create(manifest_of(self._date), encode(snapshot), draft):
            self.is_taken()
            return None
        self._settle(snapshot)
        return snapshot

    def _settle(self, done: Snapshot) -> None:
        staging = staging_of(done.date)
        for file in done.files:
            self._files.move(staged_name(staging, done.writer, file.name), file.name)
        self._files.delete_below(staging)


def abandon_snapshots(files: Files, before: str, now: int) -> list[str]:
    """Close snapshots of dates before `before` that were begun and never committed; returns the dates.

    They have staged profiles, which no erasure would reach. Such a date has a snapshot without files from then on, so
    that its writer, if it is only frozen, finds one and ends. Raises OSError and `LakeDamaged`.
    """
    start = len(_STAGED) + 1
    dates = sorted({name[start:].partition("/")[0] for name in files.below(_STAGED)})
    given_up = [date for date in dates if date < before]
    for date in given_up:
        writer = SnapshotWriter(files, date, now)
        if not writer.is_taken():
            writer.commit()
    return given_up


def manifest_of(date: str) -> str:
    """The name of a date's manifest."""
    return f"{SNAPSHOTS}/{date}.json"


def staging_of(date: str) -> str:
    """The staging folder of a date's snapshot."""
    return f"{_STAGED}/{date}"


class _Seen(Struct):
    first_seen: str | None = None
    last_seen: str | None = None


_seen = msgspec.json.Decoder(_Seen).decode


def profiles_table(changes: Sequence[ContactChange]) -> pa.Table:
    """The rows of `contact_state` for living contacts."""
    values = [change.profile or b"" for change in changes]
    seen = [_seen_in(value) for value in values]
    columns = [
        pa.array([change.contact_id for change in changes], TEXT),
        pa.array([change.version for change in changes], pa.int64()),
        pa.array([_moment(each.first_seen) for each in seen], MOMENT),
        pa.array([_moment(each.last_seen) for each in seen], MOMENT),
        pa.array([value.decode(errors="replace") for value in values], TEXT),
    ]
    return pa.table(columns, schema=CONTACT_STATE_SCHEMA)


def links_table(changes: Sequence[ContactChange]) -> pa.Table:
    """The rows of `contact_links` for absorbed contacts."""
    columns = [
        pa.array([change.contact_id for change in changes], TEXT),
        pa.array([change.version for change in changes], pa.int64()),
        pa.array([change.merged_into for change in changes], TEXT),
    ]
    return pa.table(columns, schema=CONTACT_LINKS_SCHEMA)


def _seen_in(value: bytes) -> _Seen:
    try:
        return _seen(value)
    except UNREADABLE:
        return _Seen()


def _moment(text: str | None) -> int | None:
    return None if text is None else parse_time(text)
