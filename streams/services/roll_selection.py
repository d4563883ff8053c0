"""Leaves out of a list whoever is known by an electoral roll alone, by what Redis has of them."""

from typing import BinaryIO

import orjson

from sinks.lookup import Incomplete, KnownContact, Lookup
from streams.domain.segments.roll_selections import is_known_by_roll_alone
from streams.platform.identity_key import profiles_incomplete
from streams.services.audience import Audience, in_chunks

ROWS_AT_ONCE = 1_000


async def keep_known_otherwise(lookup: Lookup, members: Audience, out: BinaryIO) -> int:
    """Write the header and the rows of all others; returns how many were left out. The first column is a contact_id.

    Raises SinkUnavailable, and `Unusable` while Redis lacks something.
    """
    out.write(members.raw_header)
    left_out = 0
    for rows in in_chunks(members.records(), ROWS_AT_ONCE):
        seen = await lookup.look([[row.raw.partition(b",")[0].decode()] for row in rows])
        if isinstance(seen, Incomplete):
            raise profiles_incomplete(seen)
        for row, contact in zip(rows, seen.contacts, strict=True):
            if isinstance(contact, KnownContact) and is_known_by_roll_alone(orjson.loads(contact.profile)):
                left_out += 1
            else:
                out.write(row.raw)
    return left_out
