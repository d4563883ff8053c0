"""Numbers by which the desk names people and series, and whom it knows to be erased.

What is read once is remembered, so a usual interaction looks neither of them up. After a transaction that was rolled
back nothing that is remembered may be relied on: make these anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from streams.services.console.desk import Desk
from streams.services.console.desk_events import EventRow, tag_of
from streams.services.console.desk_schema import BROAD_LABELS, FINE_LABELS, LABELS

_REMEMBERED = 200_000
_FINE = [LABELS.index(label) for label in FINE_LABELS]
_NOT_BROAD = [place for place, label in enumerate(LABELS) if label not in BROAD_LABELS]


class SeriesNumbers:
    """The number of each series, made where it is new."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[tuple[str, ...], int] = {}
        self._coarse: dict[int, int] = {}
        self._broad: dict[int, int] = {}
        marks = ", ".join("?" * len(LABELS))
        self._find = f"SELECT series FROM series WHERE ({', '.join(LABELS)}) = ({marks})"  # nosec B608 # names of ours
        self._read = f"SELECT {', '.join(LABELS)} FROM series WHERE series = ?"  # nosec B608 # the same
        self._add = f"INSERT INTO series (coarse, {', '.join(LABELS)}) VALUES (?, {marks})"  # nosec B608 # the same

    def of(self, labels: tuple[str, ...]) -> int:
        """The number of a series."""
        number = self._known.get(labels)
        if number is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            number = self._known[labels] = self._made(labels)
        return number

    def labels_of(self, series: int) -> tuple[str, ...]:
        """The labels of a series that there is."""
        return self._desk.one(self._read, (series,)) or ()

    def coarse_of(self, series: int) -> int:
        """The number of the series to which cells of another one are added when they are coarse."""
        number = self._coarse.get(series)
        if number is None:
            found = self._desk.one("SELECT coarse FROM series WHERE series = ?", (series,))
            number = self._coarse[series] = series if found is None else found[0]
        return number

    def broad_of(self, series: int) -> int:
        """The number of the series to whose sums of five minutes another one is added."""
        number = self._broad.get(series)
        if number is None:
            labels = [*self.labels_of(series)]
            for place in _NOT_BROAD:
                labels[place] = ""
            number = self._broad[series] = self.of(tuple(labels))
        return number

    def forget(self) -> None:
        """Remember nothing: series were deleted."""
        self._known.clear()
        self._coarse.clear()
        self._broad.clear()

    def _made(self, labels: tuple[str, ...]) -> int:
        if (found := self._desk.one(self._find, labels)) is not None:
            return int(found[0])
        without = [*labels]
        for place in _FINE:
            without[place] = ""
        is_coarse = tuple(without) == labels
        coarse = 0 if is_coarse else self.of(tuple(without))
        self._desk.run(self._add, (coarse, *labels))
        [number] = self._desk.one("SELECT last_insert_rowid()") or (0,)
        if is_coarse:
            self._desk.run("UPDATE series SET coarse = series WHERE series = ?", (number,))
        return int(number)


class Fragments:
    """The number of each name by which people are known.

    `erased`: names of erased people that have left the desk since they were last taken from here.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[str, int] = {}

    def of(self, name: str) -> int:
        """The number of a name, made where it is new: somebody who stands alone."""
        number = self._known.get(name)
        if number is None:
            number = self.find(name)
            if number is None:
                self._desk.run("INSERT INTO fragments (name, contact) VALUES (?, 0)", (name,))
                [number] = self._desk.one("SELECT last_insert_rowid()") or (0,)
                self._desk.run("UPDATE fragments SET contact = fragment WHERE fragment = ?", (number,))
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[name] = number
        return number

    def find(self, name: str) -> int | None:
        """The number of a name; None: it is not known."""
        if (number := self._known.get(name)) is not None:
            return number
        found = self._desk.one("SELECT fragment FROM fragments WHERE name = ?", (name,))
        return None if found is None else int(found[0])

    def contact_of(self, fragment: int) -> int:
        """The fragment whose profile this one is part of."""
        found = self._desk.one("SELECT contact FROM fragments WHERE fragment = ?", (fragment,))
        return fragment if found is None else int(found[0])

    def drop_unused(self, fragments: Iterable[int]) -> list[str]:
        """Delete those of these names of which nothing is in the desk any more. Returns them."""
        dropped: list[str] = []
        for fragment in fragments:
            used = self._desk.one(_USED, {"fragment": fragment})
            if used is None and (row := self._desk.one(_DROP, (fragment,))) is not None:
                dropped.append(row[0])
                self._known.pop(row[0], None)
        return dropped


_DROP = "DELETE FROM fragments WHERE fragment = ? RETURNING name"
_USED = """
    SELECT 1 FROM people WHERE fragment = :fragment UNION ALL
    SELECT 1 FROM events WHERE fragment = :fragment UNION ALL
    SELECT 1 FROM closed WHERE fragment = :fragment UNION ALL
    SELECT 1 FROM alerts WHERE fragment = :fragment UNION ALL
    SELECT 1 FROM views WHERE fragment = :fragment UNION ALL
    SELECT 1 FROM fragments WHERE contact = :fragment AND contact <> fragment UNION ALL
    SELECT 1 FROM fragments WHERE fragment = :fragment AND contact <> fragment
    LIMIT 1
"""


_ERASED = """INSERT INTO erased VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET until = excluded.until, begun = excluded.begun"""


@dataclass(slots=True)
class _Erasure:
    until: int
    begun: bool


class ErasedNames:
    """Who was erased, and whether a new record of theirs has begun. The names themselves are not kept."""

    def __init__(self, desk: Desk, salt: bytes) -> None:
        self._desk = desk
        self._salt = salt
        rows = desk.rows("SELECT tag, until, begun FROM erased")
        self._known = {tag: _Erasure(until, bool(begun)) for tag, until, begun in rows}

    def until(self, name: str) -> int | None:
        """Up to when nothing of somebody counts; None: they were not erased."""
        found = self._known.get(tag_of(name, self._salt)) if self._known else None
        return None if found is None else found.until

    def is_erased(self, name: str) -> bool:
        """Whether somebody was erased, and no new record has begun."""
        found = self._known.get(tag_of(name, self._salt)) if self._known else None
        return found is not None and not found.begun

    def admits(self, row: EventRow) -> bool:
        """Whether an interaction counts of its person; a gift, a form or a consent after an erasure begins anew."""
        if not self._known:
            return True
        tag = tag_of(row.fragment, self._salt)
        found = self._known.get(tag)
        if found is None:
            return True
        if row.time > found.until and row.begins and not found.begun:
            self._set(tag, _Erasure(found.until, begun=True))
            return True
        return row.time > found.until and found.begun

    def add(self, name: str, until: int, *, begun: bool) -> None:
        """Remember that somebody was erased."""
        self._set(tag_of(name, self._salt), _Erasure(until, begun))

    def begin(self, name: str) -> None:
        """Remember that there is a new record of somebody."""
        tag = tag_of(name, self._salt) if self._known else b""
        found = self._known.get(tag)
        if found is not None and not found.begun:
            self._set(tag, _Erasure(found.until, begun=True))

    def _set(self, tag: bytes, erasure: _Erasure) -> None:
        self._known[tag] = erasure
        self._desk.run(_ERASED, (tag, erasure.until, int(erasure.begun)))
