"""Parts a list by whether people are known, and by an electoral roll alone, by what Redis has of them."""

from collections import Counter
from collections.abc import Collection
from typing import BinaryIO, NamedTuple

import orjson

from sinks.lookup import ContactAnswer, Incomplete, KnownContact, Lookup, UnknownContact
from streams.domain.segments.roll_selections import is_known_by_roll_alone
from streams.platform.identity_key import profiles_incomplete
from streams.services.audience import Audience, in_chunks

ROWS_AT_ONCE = 1_000


class Parts(NamedTuple):
    """Files of members. Who is unknown yet may be known by the time others are judged, and by a roll alone."""

    others: BinaryIO
    by_roll_alone: BinaryIO
    unknown: BinaryIO


class LeftOut(NamedTuple):
    """How many are in each part but the others, by profiles as of a time (ms); of an empty list as of 0."""

    by_roll_alone: int
    unknown: int
    as_of: int


async def part_members(lookup: Lookup, members: Audience, parts: Parts, refused: Collection[str]) -> LeftOut:
    """Write the header and the rows of each part. The first column is an id.

    `refused`: kinds of source of which nothing is taken. Raises SinkUnavailable, and `Unusable` while Redis lacks
    something.
    """
    for file in parts:
        file.write(members.raw_header)
    rows_in, moments = Counter[BinaryIO](), []
    for rows in in_chunks(members.records(), ROWS_AT_ONCE):
        seen = await lookup.look([[row.raw.partition(b",")[0].decode()] for row in rows])
        if isinstance(seen, Incomplete):
            raise profiles_incomplete(seen)
        moments.append(seen.as_of)
        for row, contact in zip(rows, seen.contacts, strict=True):
            part = _part_of(contact, parts, refused)
            rows_in[part] += 1
            part.write(row.raw)
    return LeftOut(rows_in[parts.by_roll_alone], rows_in[parts.unknown], min(moments, default=0))


def _part_of(contact: ContactAnswer, parts: Parts, refused: Collection[str]) -> BinaryIO:
    if isinstance(contact, UnknownContact):
        return parts.unknown
    if isinstance(contact, KnownContact) and is_known_by_roll_alone(orjson.loads(contact.profile), refused):
        return parts.by_roll_alone
    return parts.others
