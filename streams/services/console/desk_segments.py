"""What the desk has of segments: how many members each had, by quarter of an hour. Times are ms since 1970."""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from events.json_types import UNREADABLE
from streams.services.console.desk import Desk
from streams.services.console.desk_schema import QUARTER_MS


class Members(Struct, frozen=True, array_like=True):
    """How many were in a segment at the end of the quarter of an hour that begins `at_ms`, in all partitions."""

    at_ms: int
    members: int


class _Said(Struct):
    members: int


_read = msgspec.json.Decoder(_Said).decode


def members_said(value: bytes) -> int | None:
    """How many are in a segment by a record of `segment-counts`; None where it cannot be read."""
    try:
        return _read(value).members
    except UNREADABLE:
        return None


def member_curve(desk: Desk, segment: str, since: int, until: int) -> Sequence[Members]:
    """How many were in a segment at each quarter of an hour from the first that is known of, `until` excluded.

    A partition that says nothing has as many as before.
    """
    rows = desk.rows("SELECT slot, partition, members FROM members WHERE segment = ? ORDER BY slot", (segment,))
    return [*_carried_on(rows, since, until)]


def _carried_on(rows: Sequence[tuple[int, int, int]], since: int, until: int) -> Iterator[Members]:
    if not rows:
        return
    last: dict[int, int] = {}
    place = 0
    for slot in range(max(rows[0][0], since // QUARTER_MS * QUARTER_MS), until, QUARTER_MS):
        while place < len(rows) and rows[place][0] <= slot:
            _, partition, last[partition] = rows[place]
            place += 1
        yield Members(slot, sum(last.values()))
