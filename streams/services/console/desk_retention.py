"""Lets go of what the desk keeps no longer, in small transactions."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from streams.services.console.desk import Desk, Row
from streams.services.console.desk_batches import Limits
from streams.services.console.desk_schema import CELLS_KEPT_MS, COARSE_MS, DAY_MS, HOUR_MS, MINUTE_MS
from streams.services.console.desk_sums import sum_up_totals
from streams.services.console.desk_writing import DeskWriter

ROWS_AT_ONCE = 5_000
"""Rows of a transaction, so that none holds up what comes in for long."""
VIEWS_KEPT_MS = 90 * DAY_MS
_AHEAD_MS = HOUR_MS
"""How far an interaction may be ahead of the broker's clock."""

_OLD = "SELECT seq FROM events WHERE seq < ? ORDER BY seq LIMIT ?"
_MESSAGES = "SELECT seq FROM events WHERE seq >= ? AND message = 1 ORDER BY seq LIMIT ?"
_FIRST = "SELECT seq FROM events WHERE seq >= ? ORDER BY seq LIMIT ?"


class LetGo(NamedTuple):
    """How many rows were let go of: interactions, and cells that became coarse or went."""

    events: int
    cells: int


def let_go(writer: DeskWriter, limits: Limits, clock: int) -> Iterator[LetGo]:
    """Let go of what is too old at `clock`, or too much, a transaction at a step. Raises `sqlite3.Error`.

    `clock`: the time up to which every partition of `interactions` is read. An interaction stays for as long as a copy
    of it would still be taken.
    """
    old = clock - limits.kept_ms - _AHEAD_MS
    for events in (_old_events(writer, old), _too_many_events(writer, limits.events)):
        yield from (LetGo(gone, 0) for gone in events)
    yield from (LetGo(0, gone) for gone in _coarse_cells(writer, old))
    yield LetGo(0, _old_cells(writer.desk, clock - CELLS_KEPT_MS))
    _old_others(writer, clock)


def _old_events(writer: DeskWriter, old: int) -> Iterator[int]:
    desk, minute = writer.desk, old // MINUTE_MS
    sql = "SELECT coalesce((SELECT min(seq) FROM arrivals WHERE minute >= ?), (SELECT max(seq) + 1 FROM events), 0)"
    [before] = desk.one(sql, (minute,)) or (0,)
    while gone := _delete(writer, _OLD, (before, ROWS_AT_ONCE)):
        yield len(gone)
    with desk.transaction():
        desk.run("DELETE FROM arrivals WHERE minute < ?", (minute,))
        _raise(desk, "events_since", old + _AHEAD_MS)


def _too_many_events(writer: DeskWriter, most: int) -> Iterator[int]:
    """Messages go first: there are most of them, and copies of all else have to be recognised for longer."""
    while (over := min(ROWS_AT_ONCE, writer.events.kept - most)) > 0:
        since = writer.desk.meta("messages_from") or 0
        gone = _delete(writer, _MESSAGES, (since, over), ("messages",))
        if not gone:
            gone = _delete(writer, _FIRST, (0, over), ("messages", "acts"))
        yield len(gone)


def _delete(writer: DeskWriter, which: str, args: Row, lost: Collection[str] = ()) -> list[Row]:
    """Delete some rows; `lost`: of what kinds copies are recognised only since the rows after them came in."""
    desk = writer.desk
    with desk.transaction():
        writer.events.keep_what_they_told(which, args)
        sql = f"DELETE FROM events WHERE seq IN ({which}) RETURNING seq, fragment"  # nosec B608 # queries of ours
        rows = desk.rows(sql, args)
        writer.drop_unused({fragment for _, fragment in rows if fragment is not None})
        if rows and lost:
            last = max(seq for seq, _ in rows)
            desk.set_meta("messages_from", last + 1)
            after = desk.one("SELECT minute FROM arrivals WHERE seq > ? ORDER BY seq LIMIT 1", (last,))
            since = (writer.latest // MINUTE_MS + 1 if after is None else after[0]) * MINUTE_MS
            for name in ("events", *lost):
                _raise(desk, f"{name}_since", since)
    writer.events.kept -= len(rows)
    if lost:
        writer.read_since()
    return rows


def _coarse_cells(writer: DeskWriter, old: int) -> Iterator[int]:
    desk = writer.desk
    until = old // COARSE_MS * COARSE_MS
    [first] = desk.one("SELECT min(minute) FROM cells") or (None,)
    at = max(desk.meta("coarse_until") or 0, 0 if first is None else first // COARSE_MS * COARSE_MS)
    while at < until:
        with desk.transaction():
            desk.run(_COARSE, {"since": at, "until": at + COARSE_MS})
            gone = desk.run(_FINE, {"since": at, "until": at + COARSE_MS})
            at += COARSE_MS
            desk.set_meta("coarse_until", at)
        writer.events.coarsened(at)
        yield gone
        if not gone:
            [later] = desk.one("SELECT min(minute) FROM cells WHERE minute >= ?", (at,)) or (None,)
            at = until if later is None else max(at, min(until, later // COARSE_MS * COARSE_MS))
    with desk.transaction():
        _raise(desk, "coarse_until", until)
    writer.events.coarsened(desk.meta("coarse_until"))


_COARSE = """INSERT INTO cells SELECT :since, s.coarse, sum(c.happened), sum(c.counted), sum(c.amount),
    sum(c.supporters), sum(c.machine) FROM cells AS c JOIN series AS s USING (series)
    WHERE c.minute >= :since AND c.minute < :until AND s.coarse <> s.series GROUP BY s.coarse
    ON CONFLICT DO UPDATE SET happened = happened + excluded.happened, counted = counted + excluded.counted,
    amount = amount + excluded.amount, supporters = supporters + excluded.supporters,
    machine = machine + excluded.machine"""
_FINE = """DELETE FROM cells WHERE minute >= :since AND minute < :until
    AND series IN (SELECT series FROM series WHERE coarse <> series)"""


def _old_cells(desk: Desk, old: int) -> int:
    with desk.transaction():
        gone = desk.run("DELETE FROM cells WHERE minute < ?", (old,))
        desk.run("DELETE FROM fives WHERE slot < ?", (old // COARSE_MS * COARSE_MS,))
        if desk.run("DELETE FROM hours WHERE hour < ?", (old // HOUR_MS * HOUR_MS,)):
            sum_up_totals(desk)
        _raise(desk, "cells_since", old)
    return gone


def _old_others(writer: DeskWriter, clock: int) -> None:
    """Alerts, refused records, holds and views, and series that nothing is of any more."""
    desk = writer.desk
    with desk.transaction():
        alerts = desk.rows("DELETE FROM alerts WHERE at < ? RETURNING fragment", (clock - CELLS_KEPT_MS,))
        views = desk.rows("DELETE FROM views WHERE at < ? RETURNING fragment", (clock - VIEWS_KEPT_MS,))
        writer.drop_unused({fragment for (fragment,) in (*alerts, *views) if fragment is not None})
        desk.run("DELETE FROM exports WHERE at < ?", (clock - VIEWS_KEPT_MS,))
        desk.run("DELETE FROM letters WHERE at < ?", (clock - CELLS_KEPT_MS,))
        desk.run("DELETE FROM holds WHERE at < ?", (clock - CELLS_KEPT_MS,))
        desk.run(_OLD_MEMBERS, (clock - CELLS_KEPT_MS,))


_OLD_MEMBERS = """DELETE FROM members WHERE slot < ?1 AND EXISTS (SELECT 1 FROM members AS later
    WHERE later.segment = members.segment AND later.partition = members.partition AND later.slot > members.slot
    AND later.slot <= ?1)"""
"""All but the last before then, which says how many there were at that time."""


def drop_unused_series(writer: DeskWriter) -> int:
    """Delete series of which there is neither a cell nor an interaction. Looks at all of them: once a day is plenty."""
    with writer.desk.transaction():
        gone = sum(writer.desk.run(sql) for sql in _UNUSED_SERIES)
    writer.series.forget()
    return gone


_IN_USE = " UNION ".join(f"SELECT series FROM {table}" for table in ("cells", "hours", "fives", "events"))  # nosec B608 # tables of ours
_UNUSED = f"series NOT IN ({_IN_USE} UNION SELECT said FROM events WHERE said IS NOT NULL)"  # nosec B608 # the same
_UNNAMED = "series NOT IN (SELECT coarse FROM series WHERE coarse <> series)"
_UNUSED_SERIES = (
    f"DELETE FROM series WHERE coarse <> series AND {_UNUSED}",  # nosec B608 # a condition of ours
    f"DELETE FROM series WHERE {_UNUSED} AND {_UNNAMED}",  # nosec B608 # the same
)


def _raise(desk: Desk, name: str, value: int) -> None:
    """Keep a time that only grows."""
    desk.set_meta(name, max(value, desk.meta(name) or 0))
