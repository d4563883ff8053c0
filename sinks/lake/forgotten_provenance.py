"""Takes what came from one source out of the lake: rows lose their person, profiles of past days go. Repeatable.

Rows that protect stay as they are: a no, and a number that is wrong, count also where history is folded again.
"""

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from events.interactions.canvass import REFUSALS, UNREACHABLE
from events.provenance_rules import ProvenanceRule, is_due
from sinks.lake.anonymised_rows import MS, RemainingRows, anonymised
from sinks.lake.erasure import ErasureResult, rewrite_each
from sinks.lake.files import Files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import INTERACTIONS, LakeFile, type_in
from sinks.lake.parquet import read_columns, read_parquet
from sinks.lake.schema import INTERACTIONS_SCHEMA
from sinks.lake.snapshots import CONTACT_STATE, CONTACT_STATE_SCHEMA

_KIND, _FILE = "provenance_kind", "provenance_file"
_COLUMNS = [_KIND, _FILE, "time", "granted", "outcome"]


def forget_provenance(files: Files, rule: ProvenanceRule) -> ErasureResult:
    """Rewrite each file that holds rows which came from the source. Raises OSError and `LakeDamaged`."""
    return rewrite_each(files, lambda file: _left(files, file, rule))


def count_of_provenance(files: Files, rule: ProvenanceRule) -> ErasureResult:
    """In how many files so many rows would be taken out. Raises as `forget_provenance`."""
    where, found = find_live_files(files), ErasureResult(0, 0)
    for name, file in sorted(where.files.items()):
        if name not in where.places and files.there(name) and (left := _left(files, file, rule)) is not None:
            found = ErasureResult(found.files + 1, found.rows + left.rows)
    return found


def _left(files: Files, file: LakeFile, rule: ProvenanceRule) -> RemainingRows | None:
    if file.name.startswith(f"{CONTACT_STATE}/"):
        return _without_profiles(read_parquet(files, file.name, CONTACT_STATE_SCHEMA), rule)
    if not file.name.startswith(f"{INTERACTIONS}/"):
        return None
    sought = read_columns(files, file.name, _COLUMNS)
    if _KIND not in sought.column_names or not pc.any(rows_of_provenance(sought, rule)).as_py():
        return None
    table = read_parquet(files, file.name, INTERACTIONS_SCHEMA)
    return anonymised(table, type_in(file.name), rows_of_provenance(table, rule))


def rows_of_provenance(table: pa.Table, rule: ProvenanceRule) -> pa.ChunkedArray:
    """A mask of the rows that came from the source until the time, and protect nobody."""
    found = pc.and_(pc.equal(table[_KIND], rule.kind), pc.less_equal(table["time"].cast(MS), rule.until))
    if rule.file is not None:
        found = pc.and_(found, pc.equal(table[_FILE], rule.file))
    is_no = pc.equal(table["granted"], pa.scalar(value=False))
    bare = pc.is_in(table["outcome"], pa.array(sorted(REFUSALS | UNREACHABLE), pa.string()))
    protects = pc.or_(pc.fill_null(is_no, pa.scalar(value=False)), bare)
    return pc.and_(pc.fill_null(found, pa.scalar(value=False)), pc.invert(protects))


def _without_profiles(table: pa.Table, rule: ProvenanceRule) -> RemainingRows | None:
    stays = pa.array([not _shows(profile, rule) for profile in table["profile"].to_pylist()], pa.bool_())
    left = table.filter(stays)
    return RemainingRows(left, len(table) - len(left)) if len(left) < len(table) else None


def _shows(profile: str | None, rule: ProvenanceRule) -> bool:
    """Whether a profile of a past day shows something from the source; most do not have the word in them."""
    if profile is None or f'"{rule.kind}"' not in profile:
        return False
    return any(is_due(item, rule) for item in orjson.loads(profile).get("provenance", ()))
