"""Keeps interactions in the desk and counts them in cells: each once, none that was taken back, one version of a gift.

An interaction is known by its source, its id and its fragment. What a retraction takes back, and which of several
versions of one gift, refund or report counts, is found anew whenever something of it comes, goes or changes hands: so
the cells are the same in whatever order the records come. What a refund does not say it has from its gift, and a STOP
that names no campaign has that of the text which it answers.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from streams.services.console.desk import Desk, Row
from streams.services.console.desk_events import (
    OF_NOBODY,
    RETRACTION,
    TEXT_STOP,
    TEXTS,
    UNCOUNTED,
    EventRow,
    about_of,
    begins_record,
    key_range,
    message_of,
    text_number,
)
from streams.services.console.desk_names import ErasedNames, Fragments, SeriesNumbers
from streams.services.console.desk_reading import GIFT, REFUND
from streams.services.console.desk_schema import COARSE_MS, HOUR_MS, LABELS, MINUTE_MS
from streams.services.console.desk_sums import add_fives, add_totals

_INSERT = """INSERT INTO events (key, series, fragment, time, id, same, amount, supporter, machine, message, happened,
    counted, details, gift, said) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_ADD = """INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    happened = happened + excluded.happened, counted = counted + excluded.counted, amount = amount + excluded.amount,
    supporters = supporters + excluded.supporters, machine = machine + excluded.machine"""
_ADD_HOUR = """INSERT INTO hours VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    happened = happened + excluded.happened, counted = counted + excluded.counted, amount = amount + excluded.amount,
    supporters = supporters + excluded.supporters, machine = machine + excluded.machine,
    first = min(first, excluded.first), last = max(last, excluded.last)"""
_COLUMNS = """e.seq, e.key, e.same, e.time, s.source, e.id, s.type, f.contact, e.happened, e.counted, e.series,
    e.amount, e.supporter, e.machine, e.fragment, e.details, e.gift, e.said"""
_ROWS = f"""SELECT {_COLUMNS} FROM events AS e JOIN series AS s USING (series)
    LEFT JOIN fragments AS f ON f.fragment = e.fragment WHERE """  # nosec B608 # columns of ours
_ABOUT = f"{_ROWS} e.key BETWEEN ? AND ?"
_ROW = f"{_ROWS} e.seq = ?"
_SAME = f"{_ROWS} e.same = ?"
_OF_FRAGMENT = f"{_ROWS} e.fragment = ? ORDER BY e.seq"
_WITH_GIFT = f"{_ROWS} e.gift = ?"
_TEXTS_OF = f"""{_ROWS} e.fragment IN (SELECT fragment FROM fragments WHERE contact = :contact AND contact <> fragment
    UNION ALL SELECT :contact) AND s.type IN ({", ".join(f"'{name}'" for name in TEXTS)}) AND s.campaign <> ''
    ORDER BY e.time, e.seq"""  # nosec B608 # names of ours

_COMPLETED = (LABELS.index("campaign"), LABELS.index("committee"))


class _Kept(NamedTuple):
    """A row of `events`, with what is looked up beside it."""

    seq: int
    key: bytes
    same: int | None
    time: int
    source: str
    id: str
    type: str
    contact: int | None
    happened: int
    counted: int
    series: int
    amount: int
    supporter: int
    machine: int
    fragment: int | None
    details: bytes | None
    gift: int | None
    said: int | None

    @property
    def begins(self) -> bool:
        """Whether it begins a new record of somebody who was erased."""
        return begins_record(self.type, msgspec.json.decode(self.details) if self.details else {})


class EventKeeper:
    """Takes interactions into the desk. `settle` brings the cells up to what was taken; call it before a commit.

    `kept`: how many rows of `events` there are.
    """

    def __init__(self, desk: Desk, fragments: Fragments, series: SeriesNumbers, erased: ErasedNames) -> None:
        self._desk = desk
        self._fragments = fragments
        self._series = series
        self._erased = erased
        self._deltas: dict[tuple[int, int], list[int]] = {}
        self._hours: dict[tuple[int, int], list[int]] = {}
        self._abouts: set[int] = set()
        self._groups: set[int] = set()
        self._salt = bytes(desk.meta("salt") or b"")
        self._texts: set[int] = set()
        self._coarse_until: int = desk.meta("coarse_until") or 0
        found = desk.rows(
            "SELECT e.same FROM series AS s JOIN events AS e USING (series) "
            "WHERE s.type = ? AND e.message = 0 AND e.same IS NOT NULL",
            (RETRACTION,),
        )
        self._retracted = {same for (same,) in found}
        found = desk.rows(
            "SELECT e.gift FROM series AS s JOIN events AS e USING (series) "
            "WHERE s.type = ? AND e.message = 0 AND e.gift IS NOT NULL",
            (TEXT_STOP,),
        )
        self._stopped = {text for (text,) in found}
        [self.kept] = desk.one("SELECT count(*) FROM events") or (0,)

    def take(self, row: EventRow) -> bool:
        """Take an interaction; False: it is a copy, or nothing of it counts."""
        type_ = row.labels[0]
        fragment: int | None
        if self._erased.admits(row):
            fragment, id_, details = self._fragments.of(row.fragment), row.id, row.details
        elif type_ in OF_NOBODY and row.time <= (self._erased.until(row.fragment) or 0):
            fragment, id_, details = None, "", None
        else:
            return False
        simple = row.same is None and row.about not in self._retracted
        stands = int(simple or type_ in UNCOUNTED)
        series = self._series.of(row.labels)
        values = (
            row.key, series, fragment, row.time, id_, row.same, row.amount, row.supporter, row.machine, row.message,
            stands, stands, details, row.gift, None if row.gift is None else series,
        )  # fmt: skip
        if not self._desk.run(_INSERT, values):
            return False
        self.kept += 1
        if row.experiment is not None:
            self._desk.run("INSERT INTO carried VALUES (?, ?) ON CONFLICT DO NOTHING", (row.labels[1], row.experiment))
        self._note_text(row)
        if type_ == RETRACTION:
            if row.same is not None:
                self._retracted.add(row.same)
                self._abouts.add(row.same)
        elif not simple:
            self._abouts.add(row.about)
        elif type_ not in UNCOUNTED:
            self._add(row.time, series, (1, 1, row.amount, row.supporter, row.machine))
        return True

    def _note_text(self, row: EventRow) -> None:
        """Look anew at the text that a STOP answers, whichever of both came first."""
        if row.labels[0] == TEXT_STOP and row.gift is not None:
            self._stopped.add(row.gift)
            self._texts.add(row.gift)
        elif row.text is not None and row.text in self._stopped:
            self._texts.add(row.text)

    def changed_hands(self, fragment: int) -> None:
        """A fragment belongs to another contact now: look again at what versions and retractions decide of it."""
        for row in self._rows(_OF_FRAGMENT, (fragment,)):
            if row.type == RETRACTION:
                self._abouts.add(row.same or 0)
            elif row.same is not None:
                self._groups.add(row.same)
            self._look_at_text(row)
            about = about_of(row.key)
            if about in self._retracted:
                self._abouts.add(about)

    def keep_what_they_told(self, which: str, args: Row) -> None:
        """Before rows are let go of: what refunds and STOPs have of them stays theirs.

        `which`: a query for the rows' `seq`, with its arguments.
        """
        gone = f"e.seq IN ({which}) AND s.type"  # nosec B608 # queries of ours
        gifts = self._rows(f"{_ROWS} {gone} = ? AND e.same IS NOT NULL", (*args, GIFT))
        told = {row.same for row in gifts}
        if self._stopped:
            texts = self._rows(f"{_ROWS} {gone} IN (?, ?) AND s.campaign <> ''", (*args, *TEXTS))
            told |= {text_number(message_of(row.details), self._salt) for row in texts} & self._stopped
        self._desk.run_many("UPDATE events SET said = series WHERE gift = ?", [(each,) for each in told])

    def _look_at_text(self, row: _Kept) -> None:
        """Look again at the campaign of a STOP, or of those that answer a text."""
        if row.type == TEXT_STOP or row.type in TEXTS:
            text = row.gift if row.type == TEXT_STOP else text_number(message_of(row.details), self._salt)
            if text is not None and text in self._stopped:
                self._texts.add(text)

    def erase(self, fragment: int, until: int) -> bool:
        """Take all that happened up to an erasure from a fragment. Money stays, as nobody's.

        Returns whether a new record has begun since.
        """
        begun = False
        for row in self._rows(_OF_FRAGMENT, (fragment,)):
            begun = begun or (row.time > until and row.begins)
            if begun and row.time > until:
                continue
            if row.same is not None:
                (self._abouts if row.type == RETRACTION else self._groups).add(row.same)
            self._abouts.add(about_of(row.key))
            if row.type in OF_NOBODY and row.time <= until:
                self._desk.run("UPDATE events SET fragment = NULL, id = '', details = NULL WHERE seq = ?", (row.seq,))
            else:
                self._uncount(row, happened=0, counted=0)
                self.kept -= self._desk.run("DELETE FROM events WHERE seq = ?", (row.seq,))
        return begun

    def settle(self) -> None:
        """Bring what counts, and the cells, up to all that was taken."""
        rows: dict[int, _Kept] = {}
        for about in self._abouts:
            for row in self._rows(_ABOUT, key_range(about)):
                if row.same is None:
                    rows[row.seq] = row
                elif row.type != RETRACTION:
                    self._groups.add(row.same)
        for group in self._groups:
            rows.update((row.seq, row) for row in self._rows(_SAME, (group,)) if row.type != RETRACTION)
        self._restate([row for row in rows.values() if row.type not in UNCOUNTED])
        for row in rows.values():
            self._look_at_text(row)
        incomplete = {row.seq for row in rows.values() if row.gift is not None}
        for gift in {*(row.same for row in rows.values() if row.type == GIFT), *self._texts}:
            incomplete.update(row.seq for row in self._rows(_WITH_GIFT, (gift,)))
        for seq in sorted(incomplete):
            self._complete(*self._rows(_ROW, (seq,)))
        self._abouts.clear()
        self._groups.clear()
        self._texts.clear()
        added = {place: delta for place, delta in self._deltas.items() if any(delta)}
        self._desk.run_many(_ADD, [(*place, *delta) for place, delta in added.items()])
        self._desk.run_many(_ADD_HOUR, [(*place, *delta) for place, delta in self._hours.items()])
        add_fives(self._desk, self._series, added)
        add_totals(self._desk, self._hours)
        self._deltas.clear()
        self._hours.clear()

    def coarsened(self, until: int) -> None:
        """Cells before this are coarse now."""
        self._coarse_until = until

    def _restate(self, rows: Iterable[_Kept]) -> None:
        taken_back: dict[int, set[int | None]] = {}
        best: dict[tuple[int | None, str, int], tuple[int, str, str, int]] = {}
        stands: list[tuple[_Kept, bool]] = []
        for row in rows:
            about = about_of(row.key)
            if about not in taken_back:
                taken_back[about] = self._taken_back(about)
            happened = row.contact not in taken_back[about]
            stands.append((row, happened))
            if happened and row.same is not None:
                of, place = (row.contact, row.type, row.same), (row.time, row.source, row.id, row.seq)
                best[of] = min(place, best.get(of, place))
        for row, happened in stands:
            counted = happened and (row.same is None or best[row.contact, row.type, row.same][3] == row.seq)
            if (row.happened, row.counted) != (happened, counted):
                self._uncount(row, happened=int(happened), counted=int(counted))
                self._desk.run(
                    "UPDATE events SET happened = ?, counted = ? WHERE seq = ?", (int(happened), int(counted), row.seq)
                )

    def _complete(self, row: _Kept) -> None:
        """Move a refund, or a STOP, to the series that it has with what its gift or its text says."""
        of_gift = row.type == REFUND
        found = self._rows(_SAME, (row.gift,)) if of_gift else self._texts_of(row)
        if row.said is None or (of_gift and not found):  # a gift that was let go of has told what it had to
            return
        sources = [each for each in found if each.contact == row.contact] if of_gift else found
        labels = [*self._series.labels_of(row.said)]
        for source in sources:
            of = self._series.labels_of(source.series) if source.counted else ()
            for place in _COMPLETED if of else ():
                labels[place] = labels[place] or of[place]
        series = self._series.of(tuple(labels))
        if series != row.series:
            self._uncount(row, happened=0, counted=0)
            moved = row._replace(series=series, happened=0, counted=0)
            self._uncount(moved, happened=row.happened, counted=row.counted)
            self._desk.run("UPDATE events SET series = ? WHERE seq = ?", (series, row.seq))

    def _texts_of(self, stop: _Kept) -> list[_Kept]:
        """The text that somebody has answered with STOP, as sent and as delivered."""
        message = message_of(stop.details)
        return [row for row in self._rows(_TEXTS_OF, {"contact": stop.contact}) if message_of(row.details) == message]

    def _taken_back(self, about: int) -> set[int | None]:
        """The contacts whose retractions name this interaction; None: somebody's who was erased."""
        if about not in self._retracted:
            return set()
        return {row.contact for row in self._rows(_SAME, (about,)) if row.type == RETRACTION}

    def _uncount(self, row: _Kept, happened: int, counted: int) -> None:
        """Bring the cell of a row from what the row says to these."""
        if row.type in UNCOUNTED:
            return
        more = counted - row.counted
        delta = (happened - row.happened, more, more * row.amount, more * row.supporter, more * row.machine)
        self._add(row.time, row.series, delta)

    def _add(self, time: int, series: int, delta: tuple[int, int, int, int, int]) -> None:
        if time < self._coarse_until:
            place = time // COARSE_MS * COARSE_MS, self._series.coarse_of(series)
        else:
            place = time // MINUTE_MS * MINUTE_MS, series
        known = self._deltas.get(place)
        if known is None:
            self._deltas[place] = [*delta]
        else:
            for at, value in enumerate(delta):
                known[at] += value
        self._add_hour(time, series, delta)

    def _add_hour(self, time: int, series: int, delta: tuple[int, int, int, int, int]) -> None:
        place, minute = (time // HOUR_MS * HOUR_MS, series), time // MINUTE_MS * MINUTE_MS
        known = self._hours.get(place)
        if known is None:
            self._hours[place] = [*delta, minute, minute]
            return
        for at, value in enumerate(delta):
            known[at] += value
        known[5], known[6] = min(known[5], minute), max(known[6], minute)

    def _rows(self, sql: str, args: Row | Mapping[str, object]) -> list[_Kept]:
        return [_Kept(*row) for row in self._desk.rows(sql, args)]
