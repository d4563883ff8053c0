"""Decides which rows of old files enter the lake, and hashes their identifiers first.

Rows that are harmonised already keep their hashes; all others are judged by intake's rules. So no address enters the
lake, whatever a file holds.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from events.adapters.feed import RefusedElement, SkippedElement
from events.envelope import MAX_AHEAD_MS, Interaction, Record, decode, not_after
from events.fast_intake import harmonise_fast
from events.harmonised import Opened, harmonise, harmonised_again, judge_harmonised, open_harmonised
from events.identifiers import Hasher
from events.purpose_wall import OPEN, Wall, again_through_the_wall, names_refused, through_the_wall
from events.refusal import Reason, Refusal
from events.registry import topic_of
from sinks.lake.anonymised_rows import MONEY_AND_RETRACTIONS
from sinks.lake.erasure_list import Erasure, Erasures, erasure_of
from streams.history.lake.input_files import Selection
from streams.history.lake.row_reading import (
    ANONYMISED,
    BEFORE_ERASURE,
    ERASED_TYPE,
    NO_EVENT,
    FileRow,
    fragment_named_in,
    identifiers_in,
    is_harmonised,
)

ERASURES = SkippedElement("erasures: the lake remembers them; the running system hears them by `replay --erasures`")
TOO_FAR_AHEAD = Refusal(Reason.TIME_IN_FUTURE, "time: more than 1 h ahead of the clock of this machine")
_NAMELESS = Refusal(Reason.NO_IDENTIFIER, "data: `contact` names nobody")


class AdmittedRow(NamedTuple):
    """A row that enters the lake: the contact's fragment and the bytes of an `interactions` record.

    `time`: ms since 1970.
    """

    fragment: str
    value: bytes
    type: str
    time: int


class RowAdmission:
    """Judges rows of old files.

    `erased`: erasure lists, each with who was erased and until when. `now`: ms since 1970. `wall`: what nothing
    is taken of.
    """

    def __init__(
        self,
        selection: Selection,
        hasher: Hasher,
        now: int,
        erased: Sequence[Erasures] = (),
        *,
        wall: Wall = OPEN,
    ) -> None:
        self._wall = wall
        self._selection = selection
        self._hasher = hasher
        self._now = now
        self._erased = [each for each in erased if len(each)]

    def judge(self, row: FileRow) -> AdmittedRow | RefusedElement | SkippedElement | None:
        """Judge a row; None: it is not selected.

        Donations of erased people are admitted: the lake stores them without owner.
        """
        if not isinstance(row.value, bytes):
            return ANONYMISED if row.is_nobodys else RefusedElement(row.raw, row.value or NO_EVENT)
        opened = open_harmonised(row.value)
        if isinstance(opened, Refusal):
            return RefusedElement(row.raw, opened)
        if not self._selection.takes(opened.head[2], opened.time):
            return None
        taken = self._taken(row.value, opened)
        if isinstance(taken, Refusal):
            return RefusedElement(row.raw, taken)
        if taken.type == ERASED_TYPE:
            return ERASURES
        return BEFORE_ERASURE if taken.type not in MONEY_AND_RETRACTIONS and self._is_erased(taken) else taken

    def erasures(self, row: FileRow) -> Iterator[Erasure]:
        """The erasures that a row commands, one for each identifier it names, selected or not.

        The time it was heard is when the broker got the command, where the row says when that was.
        """
        if not isinstance(row.value, bytes) or ERASED_TYPE.encode() not in row.value:
            return
        opened = open_harmonised(row.value)
        if isinstance(opened, Refusal) or opened.head[2] != ERASED_TYPE:
            return
        taken = self._taken(row.value, opened)
        named = None if isinstance(taken, Refusal) else open_harmonised(taken.value)
        if isinstance(named, Opened):
            heard = max(named.time, row.appended_at or named.time)
            yield from (erasure_of(name, named.time, heard) for name in identifiers_in(named))

    def _taken(self, value: bytes, opened: Opened) -> AdmittedRow | Refusal:
        type_, time = opened.head[2], opened.time
        if is_harmonised(opened):
            return self._again(opened)
        record = Record(topic_of(type_), value, (), self._now)
        if (usual := harmonise_fast(record, self._hasher)) and not names_refused(usual[1], self._wall):
            return AdmittedRow(usual[0], usual[1], type_, time)
        read = decode(record, self._hasher.phone_region)
        if isinstance(read, Interaction):
            read = through_the_wall(read, self._wall)
        return read if isinstance(read, Refusal) else AdmittedRow(*harmonise(read, self._hasher), type_, read.time)

    def _again(self, opened: Opened) -> AdmittedRow | Refusal:
        read = judge_harmonised(opened)
        if isinstance(read, Interaction):
            read = again_through_the_wall(read, self._wall)
        if isinstance(read, Refusal):
            return read
        if read.time > self._now + MAX_AHEAD_MS:
            return TOO_FAR_AHEAD
        read = not_after(read, self._now)
        fragment = fragment_named_in(opened)
        return _NAMELESS if fragment is None else AdmittedRow(fragment, harmonised_again(read), read.type, read.time)

    def _is_erased(self, taken: AdmittedRow) -> bool:
        ends = (each.received_until(taken.fragment) for each in self._erased)
        return any(end is not None and taken.time <= end for end in ends)
