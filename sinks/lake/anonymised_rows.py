"""Anonymises the rows of erased people in tables of the lake.

Money stays, without the person: amount, currency, time and committee. Of everything else the type, time, campaign and
list stay, and nothing by which one row leads to another, to a person or to a producer's records.
"""

from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from events.registry import MONEY_TYPES
from sinks.lake.erasure_list import Erasures
from sinks.lake.schema import INTERACTIONS_SCHEMA

MONEY_AND_RETRACTIONS = frozenset(MONEY_TYPES) | {"interaction.retracted"}
"""Types whose ids stay, so that copies and retractions are recognised for ever and no gift counts twice, or again."""
KEPT_COLUMNS = frozenset(
    {
        *("topic_id", "partition", "offset", "appended_at", "source", "time", "team"),
        *("campaign_id", "purpose", "list_id", "experiment_id", "variant", "machine", "kind", "sender"),
        *("amount", "currency", "period", "instalment", "committee", "election", "refcode"),
        *("method", "outcome", "canvasser_id", "status", "event_id", "form_id", "channel", "granted"),
    }
)
"""Columns that say nothing about a person and stay in every row."""
MS = pa.int64()
KEPT_MONEY_COLUMNS = frozenset({"id", "donation_id", "refund_id", "retracts_source", "retracts_id"})
"""Columns that stay in rows of `MONEY_AND_RETRACTIONS` besides."""


class RemainingRows(NamedTuple):
    """A file's table after an erasure, and how many rows of erased people it had."""

    table: pa.Table
    rows: int


def anonymise_interactions(table: pa.Table, type_: str, erased: Erasures) -> RemainingRows | None:
    """A file of `interactions` with the rows of erased people anonymised and at its end. None: it has no such row."""
    return anonymised(table, type_, rows_of_erased(table, erased))


def anonymised(table: pa.Table, type_: str, theirs: pa.ChunkedArray) -> RemainingRows | None:
    """The same of the rows that a mask without nulls names."""
    found = table.filter(theirs)
    if not len(found):
        return None
    staying = KEPT_COLUMNS | KEPT_MONEY_COLUMNS if type_ in MONEY_AND_RETRACTIONS else KEPT_COLUMNS
    columns = [
        found[field.name] if field.name in staying else pa.nulls(len(found), field.type)
        for field in INTERACTIONS_SCHEMA
    ]
    others = table.filter(pc.invert(theirs))
    return RemainingRows(pa.concat_tables([others, pa.table(columns, schema=INTERACTIONS_SCHEMA)]), len(found))


Until = Callable[[str], int | None]
"""`Erasures.until` or `.received_until`: until when (ms) a fragment is erased; None where it is not."""

PERSON_COLUMNS = ["fragment", "contact_ids", "time", "appended_at"]
"""The columns that say whom a row is about, and when it happened and arrived."""


def rows_of_erased(table: pa.Table, erased: Erasures) -> pa.ChunkedArray:
    """A mask of the rows that erasures cover.

    By the time at which the interaction happened, or the broker got it: an erasure also forgets what was folded before
    it, whatever time that bore.
    """
    happened = pc.less_equal(table["time"].cast(MS), _of_any(table, erased.until))
    came = pc.less_equal(table["appended_at"].cast(MS), _of_any(table, erased.received_until))
    return pc.fill_null(pc.or_kleene(happened, came), pa.scalar(value=False))


def _of_any(table: pa.Table, until: Until) -> pa.ChunkedArray:
    pairs = [_latest(pair, until) for pair in table["contact_ids"].to_pylist()]
    return pc.max_element_wise(_until(table["fragment"], until), pa.chunked_array([pa.array(pairs, MS)]))


def _until(names: pa.ChunkedArray, until: Until) -> pa.ChunkedArray:
    """Until when each of these names is erased; null where it is not."""
    known = {name: end for name in names.unique().to_pylist() if name and (end := until(name)) is not None}
    places = pc.index_in(names, pa.array(list(known), pa.string()))
    return pa.chunked_array([pa.array(list(known.values()), MS)]).take(places)


def _latest(pair: list[str] | None, until: Until) -> int | None:
    if not pair:
        return None
    return max((end for name in pair if (end := until(name)) is not None), default=None)


def remove_profiles(table: pa.Table, erased: Erasures) -> RemainingRows | None:
    """The rows of `contact_state` without profiles that hold data from before an erasure. None: it has no such row."""
    until = _until(table["contact_id"], erased.received_until)
    first = pc.fill_null(table["first_seen"].cast(MS), 0)
    return _without(table, pc.less_equal(first, until))


def remove_links(table: pa.Table, day: int, erased: Erasures) -> RemainingRows | None:
    """The rows of `contact_links` of a day (ms) without people erased since. None: it has no such row."""
    until = pc.max_element_wise(
        _until(table["contact_id"], erased.received_until), _until(table["merged_into"], erased.received_until)
    )
    return _without(table, pc.greater_equal(until, pa.scalar(day, MS)))


def _without(table: pa.Table, theirs: pa.ChunkedArray) -> RemainingRows | None:
    left = table.filter(pc.invert(pc.fill_null(theirs, pa.scalar(value=False))))
    return RemainingRows(left, len(table) - len(left)) if len(left) < len(table) else None
