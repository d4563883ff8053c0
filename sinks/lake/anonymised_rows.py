"""Rows without the person that they were about: what is left in the lake of somebody who was erased.

The money stays, without the person: amount, currency, time and for whom it was given. Of everything else it stays that
something of this type happened at that time, in which campaign and on which list, and nothing by which one row leads to
another, to a person or to what a producer knows.
"""

from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from events.registry import MONEY_TYPES
from sinks.lake.erasure_list import Erasures
from sinks.lake.schema import INTERACTIONS_SCHEMA

MONEY = frozenset(MONEY_TYPES) | {"interaction.retracted"}
"""Types of which copies and retractions have to be told apart for ever, or a gift would count twice, or again."""
STAYING = frozenset(
    {
        *("topic_id", "partition", "offset", "appended_at", "source", "time", "team"),
        *("campaign_id", "purpose", "list_id", "experiment_id", "variant", "machine", "kind", "sender"),
        *("amount", "currency", "period", "instalment", "committee", "election", "refcode"),
        *("method", "outcome", "canvasser_id", "status", "event_id", "form_id", "channel", "granted"),
    }
)
"""Columns that say nothing of anybody."""
MS = pa.int64()
STAYING_WITH_MONEY = frozenset({"id", "donation_id", "refund_id", "retracts_source", "retracts_id"})


class Left(NamedTuple):
    """What is left of a file, and how many rows of people were in it."""

    table: pa.Table
    rows: int


def forget(table: pa.Table, type_: str, erased: Erasures) -> Left | None:
    """The rows of a file of `interactions`, those of erased people without them, at the end. None: there are none."""
    theirs = of_erased(table, erased)
    found = table.filter(theirs)
    if not len(found):
        return None
    staying = STAYING | STAYING_WITH_MONEY if type_ in MONEY else STAYING
    columns = [
        found[field.name] if field.name in staying else pa.nulls(len(found), field.type)
        for field in INTERACTIONS_SCHEMA
    ]
    others = table.filter(pc.invert(theirs))
    return Left(pa.concat_tables([others, pa.table(columns, schema=INTERACTIONS_SCHEMA)]), len(found))


Until = Callable[[str], int | None]
"""One of the two that `Erasures` has: until when (ms) a fragment is forgotten; None: it is not."""

WHOSE = ["fragment", "contact_ids", "time", "appended_at"]
"""The columns that tell."""


def of_erased(table: pa.Table, erased: Erasures) -> pa.ChunkedArray:
    """Which rows are of somebody's time before their erasure.

    By when it happened, or when the broker got it: what was folded was forgotten, whatever time it bore.
    """
    happened = pc.less_equal(table["time"].cast(MS), _of_any(table, erased.until))
    came = pc.less_equal(table["appended_at"].cast(MS), _of_any(table, erased.heard))
    return pc.fill_null(pc.or_kleene(happened, came), pa.scalar(value=False))


def _of_any(table: pa.Table, until: Until) -> pa.ChunkedArray:
    pairs = [_latest(pair, until) for pair in table["contact_ids"].to_pylist()]
    return pc.max_element_wise(_until(table["fragment"], until), pa.chunked_array([pa.array(pairs, MS)]))


def _until(names: pa.ChunkedArray, until: Until) -> pa.ChunkedArray:
    """Until when each of these is forgotten; null: not at all."""
    known = {name: end for name in names.unique().to_pylist() if name and (end := until(name)) is not None}
    places = pc.index_in(names, pa.array(list(known), pa.string()))
    return pa.chunked_array([pa.array(list(known.values()), MS)]).take(places)


def _latest(pair: list[str] | None, until: Until) -> int | None:
    if not pair:
        return None
    return max((end for name in pair if (end := until(name)) is not None), default=None)


def forget_profiles(table: pa.Table, erased: Erasures) -> Left | None:
    """The rows of `contact_state` without those that hold anything of before an erasure. None: there are none."""
    until = _until(table["contact_id"], erased.heard)
    first = pc.fill_null(table["first_seen"].cast(MS), 0)
    return _without(table, pc.less_equal(first, until))


def forget_links(table: pa.Table, day: int, erased: Erasures) -> Left | None:
    """The rows of `contact_links` of a day (ms) without those of people erased since. None: there are none."""
    until = pc.max_element_wise(_until(table["contact_id"], erased.heard), _until(table["merged_into"], erased.heard))
    return _without(table, pc.greater_equal(until, pa.scalar(day, MS)))


def _without(table: pa.Table, theirs: pa.ChunkedArray) -> Left | None:
    left = table.filter(pc.invert(pc.fill_null(theirs, pa.scalar(value=False))))
    return Left(left, len(table) - len(left)) if len(left) < len(table) else None
