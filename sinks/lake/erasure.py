"""Removes erased people from every file of history and snapshots, and finds erasures in the lake. Repeatable."""

from collections.abc import Callable, Collection, Iterator, Mapping, Set
from contextlib import suppress
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from events.times import parse_time
from sinks.lake.anonymised_rows import (
    PERSON_COLUMNS,
    RemainingRows,
    anonymise_interactions,
    remove_links,
    remove_profiles,
    rows_of_erased,
)
from sinks.lake.erasure_list import Erasure, Erasures, erasure_of, trace_of
from sinks.lake.files import Files, new_name
from sinks.lake.live_files import LiveFiles, find_live_files
from sinks.lake.manifests import INTERACTIONS, LakeFile, date_in, type_in
from sinks.lake.parquet import read_columns, read_parquet
from sinks.lake.rewrites import RewriteConflict, Rewriter, Successor
from sinks.lake.schema import INTERACTIONS_SCHEMA
from sinks.lake.snapshots import CONTACT_LINKS, CONTACT_LINKS_SCHEMA, CONTACT_STATE, CONTACT_STATE_SCHEMA
from sinks.lake.unfinished_writes import settle_unfinished_writes

_ERASED_TYPE = "contact.erased"
_IF_INACTIVE = "contact.erased_if_inactive"
"""A command that may have been in vain: by the links agent's topic or a ledger alone it is known that it was not."""


class ErasureResult(NamedTuple):
    """How many files were rewritten, and how many rows of erased people were in them."""

    files: int
    rows: int


def erasure_commands(files: Files) -> Iterator[Erasure]:
    """The erasures of the `contact.erased` commands in the lake, each by the first copy of its command.

    What came between that and a later copy is of a new record.
    """
    first: dict[tuple[str, int], int] = {}
    for table in _commands(files, ["fragment", "time", "appended_at"], {_ERASED_TYPE}):
        times, heard = (table[name].cast(pa.int64()).to_pylist() for name in ("time", "appended_at"))
        for fragment, time, came in zip(table["fragment"].to_pylist(), times, heard, strict=True):
            if fragment is not None and time is not None:
                first[fragment, time] = min(came, first.get((fragment, time), came))
    for (fragment, time), came in first.items():
        yield erasure_of(fragment, time, came)


def commands_received_at(files: Files, *, in_vain: bool = False) -> dict[tuple[str, str], int]:
    """When the broker got each erasure command in the lake (ms), by source and id; an anonymised one has no id.

    `in_vain`: also those that may have been in vain.
    """
    types = {_ERASED_TYPE, _IF_INACTIVE} if in_vain else {_ERASED_TYPE}
    found: dict[tuple[str, str], int] = {}
    for table in _commands(files, ["source", "id", "appended_at"], types):
        names = zip(table["source"].to_pylist(), table["id"].to_pylist(), strict=True)
        for (source, id_), came in zip(names, table["appended_at"].cast(pa.int64()).to_pylist(), strict=True):
            if source is not None and id_ is not None:
                found[source, id_] = min(came, found.get((source, id_), came))
    return found


def traces_active_after(files: Files, erasures: Collection[Erasure]) -> set[str]:
    """The traces of erased identifiers with interactions after the time of their erasure."""
    found: set[str] = set()
    if not erasures:
        return found
    until = {each.trace: each.until for each in sorted(erasures, key=lambda each: each.until)}
    where = find_live_files(files)
    for file in where.of(INTERACTIONS):
        table = _read_where_it_lies(files, where.places.get(file.name, file.name), file.name, PERSON_COLUMNS)
        if table is not None:
            found |= _later_in(table, until)
    return found


def _later_in(table: pa.Table, until: Mapping[str, int]) -> set[str]:
    table = table.filter(pc.greater(table["time"].cast(pa.int64()), min(until.values())))
    last: dict[str, int] = {}
    rows = (table[name].to_pylist() for name in ("fragment", "contact_ids"))
    for fragment, others, at in zip(*rows, table["time"].cast(pa.int64()).to_pylist(), strict=True):
        for name in {fragment, *(others or ())} - {None}:
            last[name] = max(at, last.get(name, at))
    traces = ((trace_of(name), at) for name, at in last.items())
    return {trace for trace, at in traces if trace in until and at > until[trace]}


def _commands(files: Files, columns: list[str], types: Set[str]) -> Iterator[pa.Table]:
    where = find_live_files(files)
    for file in where.of(INTERACTIONS):
        if type_in(file.name) in types:
            table = _read_where_it_lies(files, where.places.get(file.name, file.name), file.name, columns)
            if table is not None:
                yield table


def _read_where_it_lies(files: Files, place: str, name: str, columns: list[str]) -> pa.Table | None:
    """Read a file at `place`, or under its own name where it has been moved. None: it was rewritten meanwhile."""
    for each in dict.fromkeys((place, name)):
        with suppress(FileNotFoundError):
            return read_columns(files, each, columns)
    return None


def erase(files: Files, erased: Erasures) -> ErasureResult:
    """Rewrite each file that holds rows of erased people. Raises OSError and `LakeDamaged`."""
    return rewrite_each(files, lambda file: _left(files, file, erased))


Left = Callable[[LakeFile], RemainingRows | None]
"""What is to be left of a file; None: it stays as it is."""


def rewrite_each(files: Files, left_of: Left) -> ErasureResult:
    """Rewrite each file of which not all is to be left. Raises OSError and `LakeDamaged`."""
    settle_unfinished_writes(files)
    rewriter = Rewriter(files)
    done = ErasureResult(0, 0)
    while True:
        rewriter.begin()
        try:
            for file, left in _touched(files, find_live_files(files), left_of):
                folder = file.name.rpartition("/")[0]
                rewriter.rewrite([file.name], [Successor(f"{folder}/erased-{new_name()}.parquet", left.table)])
                done = ErasureResult(done.files + 1, done.rows + left.rows)
        except RewriteConflict:
            continue
        return done


def _touched(files: Files, where: LiveFiles, left_of: Left) -> Iterator[tuple[LakeFile, RemainingRows]]:
    """Each file that is to be rewritten, and its table then."""
    for name, file in sorted(where.files.items()):
        if name in where.places or not files.there(name):
            continue  # still being moved: for the next time, even if it is in its place as well
        left = left_of(file)
        if left is not None:
            yield file, left


def _left(files: Files, file: LakeFile, erased: Erasures) -> RemainingRows | None:
    if file.name.startswith(f"{CONTACT_STATE}/"):
        return remove_profiles(read_parquet(files, file.name, CONTACT_STATE_SCHEMA), erased)
    if file.name.startswith(f"{CONTACT_LINKS}/"):
        day = parse_time(f"{date_in(file.name)}T00:00:00.000Z") or 0
        return remove_links(read_parquet(files, file.name, CONTACT_LINKS_SCHEMA), day, erased)
    if not pc.any(rows_of_erased(read_columns(files, file.name, PERSON_COLUMNS), erased)).as_py():
        return None
    return anonymise_interactions(read_parquet(files, file.name, INTERACTIONS_SCHEMA), type_in(file.name), erased)
