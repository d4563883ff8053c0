"""Parts a list by whether people are known by an electoral roll alone, by what Redis has of them."""

from collections.abc import Collection
from typing import BinaryIO, NamedTuple

import orjson

from sinks.lookup import Incomplete, KnownContact, Lookup
from streams.domain.segments.roll_selections import is_known_by_roll_alone
from streams.platform.identity_key import profiles_incomplete
from streams.services.audience import Audience, in_chunks

ROWS_AT_ONCE = 1_000


class LeftOut(NamedTuple):
    """How many were left out, by profiles as of a time (ms); of an empty list as of 0."""

    rows: int
    as_of: int


async def part_members(
    lookup: Lookup, members: Audience, others: BinaryIO, by_roll_alone: BinaryIO, refused: Collection[str]
) -> LeftOut:
    """Write the header and the rows of each half; returns who is known by a roll alone. The first column is an id.

    `refused`: kinds of source of which nothing is taken. Raises SinkUnavailable, and `Unusable` while Redis lacks
    something.
    """
    for file in (others, by_roll_alone):
        file.write(members.raw_header)
    left_out, moments = 0, []
    for rows in in_chunks(members.records(), ROWS_AT_ONCE):
        seen = await lookup.look([[row.raw.partition(b",")[0].decode()] for row in rows])
        if isinstance(seen, Incomplete):
            raise profiles_incomplete(seen)
        moments.append(seen.as_of)
        for row, contact in zip(rows, seen.contacts, strict=True):
            is_left_out = isinstance(contact, KnownContact) and is_known_by_roll_alone(
                orjson.loads(contact.profile), refused
            )
            left_out += is_left_out
            (by_roll_alone if is_left_out else others).write(row.raw)
    return LeftOut(left_out, min(moments, default=0))
