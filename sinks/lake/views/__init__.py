"""The views of the lake: SQL files in this folder, and their text for one lake."""

from collections.abc import Iterable
from importlib.resources import files as resources

import pyarrow as pa

from events.registry import CONSENT_PARTS, MONEY_TYPES, TOUCHES, types_that
from sinks.lake import anonymised_rows
from sinks.lake.erasure_list import ERASURES, ERASURES_SCHEMA
from sinks.lake.files import Files
from sinks.lake.live_files import LiveFiles
from sinks.lake.manifests import INTERACTIONS
from sinks.lake.schema import INTERACTIONS_SCHEMA
from sinks.lake.snapshots import CONTACT_LINKS, CONTACT_LINKS_SCHEMA, CONTACT_STATE, CONTACT_STATE_SCHEMA

_SCHEMAS = {
    INTERACTIONS: INTERACTIONS_SCHEMA,
    CONTACT_STATE: CONTACT_STATE_SCHEMA,
    CONTACT_LINKS: CONTACT_LINKS_SCHEMA,
    ERASURES: ERASURES_SCHEMA,
}
_PATTERNS = {
    INTERACTIONS: f"{INTERACTIONS}/*/*/*.parquet",
    CONTACT_STATE: f"{CONTACT_STATE}/*/*.parquet",
    CONTACT_LINKS: f"{CONTACT_LINKS}/*/*.parquet",
    ERASURES: f"{ERASURES}/*.parquet",
}
_TYPES = {
    pa.string(): "VARCHAR",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.binary(): "BLOB",
    pa.list_(pa.string()): "VARCHAR[]",
    pa.map_(pa.string(), pa.string()): "MAP(VARCHAR, VARCHAR)",
    pa.timestamp("ms", tz="UTC"): "TIMESTAMPTZ",
}
_FOLDERS = {INTERACTIONS: {"date": "DATE", "type": "VARCHAR"}, ERASURES: dict[str, str]()}
_DATED = {"date": "DATE"}


def views_sql(files: Files, exact: LiveFiles | None = None) -> str:
    """`CREATE VIEW` statements for DuckDB that read the folders, and so later files too.

    With `exact` they read only these files: each row once, and no later ones.
    """
    sources = {dataset: _relation(files, dataset, exact) for dataset in _PATTERNS}
    return "\n".join(text.format(**sources, **_TYPES_THAT) for text in _texts())


def listed(types: Iterable[str]) -> str:
    """Types of interaction as a list for SQL's `IN`."""
    return f"({', '.join(map(_quoted, sorted(types)))})"


def _texts() -> list[str]:
    found = {each.name: each for each in resources(__name__).iterdir() if each.name.endswith(".sql")}
    return [found[name].read_text("utf-8") for name in sorted(found)]


def _relation(files: Files, dataset: str, exact: LiveFiles | None) -> str:
    if exact is None or dataset == ERASURES:
        found = [_PATTERNS[dataset]] if files.below(dataset) else []
    else:
        found = exact.places_of(dataset)
    if not found:
        return _nothing(dataset)
    places = ", ".join(_quoted(files.address(place)) for place in found)
    return f"read_parquet([{places}], hive_partitioning = true, union_by_name = true)"


def _nothing(dataset: str) -> str:
    """An empty relation with the columns of a dataset, since DuckDB refuses a pattern that matches no file."""
    columns = {field.name: _TYPES[field.type] for field in _SCHEMAS[dataset]} | _FOLDERS.get(dataset, _DATED)
    nulls = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in columns.items())
    return f"(SELECT {nulls} WHERE false)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_TYPES_THAT = {
    "money": listed(MONEY_TYPES),
    "money_and_retractions": listed(anonymised_rows.MONEY_AND_RETRACTIONS),
    "begins_always": listed(types_that(lambda spec: spec.begins_record == "always")),
    "begins_when_granted": listed(types_that(lambda spec: spec.begins_record == "when_granted")),
    "of_channel": " AND ".join(f"n.{part} IS NULL" for part in CONSENT_PARTS),
    "commands": listed(types_that(lambda spec: spec.is_command)),
    "touches": listed(TOUCHES),
    "cancelled_touches": listed(types_that(lambda spec: spec.cancels_touch)),
}
"""The lists of types that the SQL files use, by name."""
