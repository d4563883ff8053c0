"""Takes what is of one source or purpose out of the lake: rows lose their person, profiles of past days go. Repeatable.

Rows that protect stay as they are: a no, and a number that is wrong, count also where history is folded again.
"""

from collections.abc import Iterable

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from events.interactions.base import SourcedData
from events.interactions.canvass import REFUSALS, UNREACHABLE
from events.outputs import ContactProfile
from events.provenance_rules import ForgettingRule, ProvenanceRule, PurposeRule, due_entries, due_words, is_for
from events.registry import MODELS
from sinks.lake.anonymised_rows import MS, RemainingRows, anonymised
from sinks.lake.erasure import ErasureResult, rewrite_each
from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import INTERACTIONS, LakeFile, type_in
from sinks.lake.parquet import read_columns, read_parquet
from sinks.lake.schema import INTERACTIONS_SCHEMA
from sinks.lake.snapshots import CONTACT_STATE, CONTACT_STATE_SCHEMA

_KIND, _FILE = "provenance_kind", "provenance_file"
_COLUMNS = [_KIND, _FILE, "time", "granted", "outcome", "event"]
_SOURCED = frozenset(name for name, model in MODELS.items() if issubclass(model, SourcedData))


def forget_provenance(files: Files, rule: ForgettingRule) -> ErasureResult:
    """Rewrite each file that holds rows of the source or purpose. Raises OSError and `LakeDamaged`."""
    return rewrite_each(files, lambda file: _left(files, file, rule))


def count_of_provenance(files: Files, rule: ForgettingRule) -> ErasureResult:
    """In how many files so many rows would be taken out. Raises as `forget_provenance`."""
    where, found = find_live_files(files), ErasureResult(0, 0)
    for name, file in sorted(where.files.items()):
        if name not in where.places and files.there(name) and (left := _left(files, file, rule)) is not None:
            found = ErasureResult(found.files + 1, found.rows + left.rows)
    return found


def _left(files: Files, file: LakeFile, rule: ForgettingRule) -> RemainingRows | None:
    if file.name.startswith(f"{CONTACT_STATE}/"):
        return _without_profiles(read_parquet(files, file.name, CONTACT_STATE_SCHEMA), rule)
    if not file.name.startswith(f"{INTERACTIONS}/") or type_in(file.name) not in _SOURCED:
        return None
    if not pc.any(rows_of_provenance(read_columns(files, file.name, _COLUMNS), rule)).as_py():
        return None
    table = read_parquet(files, file.name, INTERACTIONS_SCHEMA)
    return anonymised(table, type_in(file.name), rows_of_provenance(table, rule))


def rows_of_provenance(table: pa.Table, rule: ForgettingRule) -> pa.ChunkedArray:
    """A mask of the rows that are of the source or purpose, happened until the time, and protect nobody."""
    is_of = _of_purpose(table, rule) if isinstance(rule, PurposeRule) else _of_source(table, rule)
    found = pc.and_(is_of, pc.less_equal(table["time"].cast(MS), rule.until))
    is_no = pc.equal(table["granted"], pa.scalar(value=False))
    bare = pc.is_in(table["outcome"], pa.array(sorted(REFUSALS | UNREACHABLE), pa.string()))
    protects = pc.or_(pc.fill_null(is_no, pa.scalar(value=False)), bare)
    return pc.and_(pc.fill_null(found, pa.scalar(value=False)), pc.invert(protects))


def _of_source(table: pa.Table, rule: ProvenanceRule) -> pa.ChunkedArray:
    kinds, names = _sources(table)
    found = pc.equal(kinds, rule.kind)
    return found if rule.file is None else pc.and_(found, pc.equal(names, rule.file))


def _of_purpose(table: pa.Table, rule: PurposeRule) -> pa.ChunkedArray:
    """What events say of it: no column has it. The word is in few of them, so few are read."""
    may = pc.fill_null(pc.match_substring(table["event"], '"purpose"'), pa.scalar(value=False))
    granted = table["granted"].filter(may).to_pylist()
    of_it = [
        any(is_for(purpose, rule) for purpose in _purposes_in(event, granted=yes is True))
        for event, yes in zip(table["event"].filter(may).to_pylist(), granted, strict=True)
    ]
    return pc.replace_with_mask(may.combine_chunks(), may.combine_chunks(), pa.array(of_it, pa.bool_()))


def _purposes_in(event: bytes, *, granted: bool) -> Iterable[str]:
    """For what an interaction was collected, and what it is a yes for; nothing of an event that nobody can read."""
    try:
        data = orjson.loads(event)["data"]
        source = data.get("provenance")
        said = [source.get("purpose") if isinstance(source, dict) else None, data.get("purpose") if granted else None]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return []
    return [purpose for purpose in said if isinstance(purpose, str)]


def _sources(table: pa.Table) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Kind and file of each row's source: by its event where a version without these columns has written the row."""
    if _KIND not in table.column_names:
        table = table.append_column(_KIND, pa.nulls(len(table), pa.string()))
        table = table.append_column(_FILE, pa.nulls(len(table), pa.string()))
    kinds, names = table[_KIND], table[_FILE]
    says_it = pc.fill_null(pc.match_substring(table["event"], '"provenance"'), pa.scalar(value=False))
    unread = pc.and_(pc.is_null(kinds), says_it)
    if not pc.any(unread).as_py():
        return kinds, names
    said = [_said_in(event) for event in table["event"].filter(unread).to_pylist()]
    return tuple(
        pc.replace_with_mask(column.combine_chunks(), unread.combine_chunks(), pa.array(values, pa.string()))
        for column, values in zip((kinds, names), zip(*said, strict=True), strict=True)
    )


def _said_in(event: bytes) -> tuple[str | None, str | None]:
    try:
        said = orjson.loads(event)["data"]["provenance"]
        kind, name = said.get("kind"), said.get("file")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None, None
    return kind if isinstance(kind, str) else None, name if isinstance(name, str) else None


def _without_profiles(table: pa.Table, rule: ForgettingRule) -> RemainingRows | None:
    stays = pa.array([not _shows(profile, rule) for profile in table["profile"].to_pylist()], pa.bool_())
    left = table.filter(stays)
    return RemainingRows(left, len(table) - len(left)) if len(left) < len(table) else None


def _shows(profile: str | None, rule: ForgettingRule) -> bool:
    """Whether a profile of a past day shows something of the source or purpose; most do not have the word in them."""
    word = '"purpose"' if isinstance(rule, PurposeRule) else f'"{rule.kind}"'
    if profile is None or word not in profile:
        return False
    shown: ContactProfile = orjson.loads(profile)
    return bool(due_entries(shown, rule) or due_words(shown, rule))
