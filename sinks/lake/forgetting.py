"""Rows without the person that they were about: what is left in the lake of somebody who was erased.

The money stays, without the person: amount, currency, time and for whom it was given. Of everything else it stays that
something of this type happened at that time, in which campaign and on which list, and nothing by which one row leads to
another, to a person or to what a producer knows.
"""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from sinks.lake.erasures import Erasures
from sinks.lake.schema import INTERACTIONS_SCHEMA

MONEY = frozenset({"donation.made", "donation.refunded", "interaction.retracted"})
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


WHOSE = ["fragment", "contact_ids", "time", "appended_at"]
"""The columns that tell."""


def of_erased(table: pa.Table, erased: Erasures) -> pa.ChunkedArray:
    """Which rows are of somebody's time before their erasure.

    By when it happened, or when the broker got it: what was folded was forgotten, whatever time it bore.
    """
    named = _until(table["fragment"], erased)
    pairs = [_latest(pair, erased) for pair in table["contact_ids"].to_pylist()]
    until = pc.max_element_wise(named, pa.chunked_array([pa.array(pairs, MS)]))
    happened = pc.less_equal(table["time"].cast(MS), until)
    came = pc.less_equal(table["appended_at"].cast(MS), until)
    return pc.fill_null(pc.or_kleene(happened, came), pa.scalar(value=False))


def _until(names: pa.ChunkedArray, erased: Erasures) -> pa.ChunkedArray:
    """Until when each of these is forgotten; null: not at all."""
    known = {name: until for name in names.unique().to_pylist() if name and (until := erased.until(name)) is not None}
    places = pc.index_in(names, pa.array(list(known), pa.string()))
    return pa.chunked_array([pa.array(list(known.values()), MS)]).take(places)


def _latest(pair: list[str] | None, erased: Erasures) -> int | None:
    if not pair:
        return None
    return max((until for name in pair if (until := erased.until(name)) is not None), default=None)


def forget_profiles(table: pa.Table, erased: Erasures) -> Left | None:
    """The rows of `contact_state` without those that hold anything of before an erasure. None: there are none."""
    until = _until(table["contact_id"], erased)
    first = pc.fill_null(table["first_seen"].cast(MS), 0)
    return _without(table, pc.less_equal(first, until))


def forget_links(table: pa.Table, day: int, erased: Erasures) -> Left | None:
    """The rows of `contact_links` of a day (ms) without those of people erased since. None: there are none."""
    until = pc.max_element_wise(_until(table["contact_id"], erased), _until(table["merged_into"], erased))
    return _without(table, pc.greater_equal(until, pa.scalar(day, MS)))


def _without(table: pa.Table, theirs: pa.ChunkedArray) -> Left | None:
    left = table.filter(pc.invert(pc.fill_null(theirs, pa.scalar(value=False))))
    return Left(left, len(table) - len(left)) if len(left) < len(table) else None
