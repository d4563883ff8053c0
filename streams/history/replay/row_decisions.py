"""What becomes of a row: it goes as it is to `interactions` or to its input topic, or stays out.

A row of the lake is harmonised, so nobody's address is in it and intake has nothing to do with it. What is not of the
lake is judged as intake would judge it.
"""

from collections.abc import Sequence

from events.adapters.feed import LeftOut, Refused
from events.envelope import Record, decode
from events.harmonised import open_harmonised
from events.refusal import Refusal
from events.registry import MESSAGES, topic_of
from events.topics import INTERACTIONS
from sinks.lake.erasure_list import Erasures
from streams.domain.contact.state import DEDUP_WINDOW_MS
from streams.history.importing.file_parts import AsItIs
from streams.history.lake.row_contacts import ERASED, ERASED_TYPE, NOBODYS, fragment_of, is_harmonised
from streams.history.lake.row_reading import NOTHING, Row
from streams.history.lake.selection import Selection

MARGIN = 2 * 3_600_000
"""Of the week in which a copy of a message is known: an hour that a clock may be ahead, and one to be taken in."""
OLD = LeftOut("messages older than 7 days, which enter by a rebuild")
ERASURES = LeftOut("erasures; --erasures sends them")

Judged = AsItIs | Refused | LeftOut


class Judge:
    """`erased`: who is forgotten, and until when. `now`: ms since 1970. `erases`: erasures have been sent before."""

    def __init__(
        self, selection: Selection, erased: Sequence[Erasures], phone_region: str, now: int, *, erases: bool
    ) -> None:
        self._selection = selection
        self._erased = [each for each in erased if len(each)]
        self._phone_region = phone_region
        self._now = now
        self._erases = erases

    def judge(self, row: Row) -> list[Judged]:
        """One result, or none for a row that is not meant."""
        if not isinstance(row.value, bytes):
            return [NOBODYS if row.is_nobodys else Refused(row.raw, row.value or NOTHING)]
        opened = open_harmonised(row.value)
        if isinstance(opened, Refusal):
            return [Refused(row.raw, opened)]
        type_ = opened.head[2]
        if not self._selection.takes(type_, opened.time):
            return []
        if type_ in MESSAGES and opened.time < self._now - DEDUP_WINDOW_MS + MARGIN:
            return [OLD]
        if not row.of_lake and not is_harmonised(opened):
            return [self._said(row.value, type_)]
        fragment = fragment_of(row, opened)
        if fragment is None:
            return [NOBODYS]
        if type_ == ERASED_TYPE:
            return [] if self._erases else [ERASURES]
        came = opened.time if row.appended_at is None else row.appended_at
        return [ERASED if self._is_erased(fragment, opened.time, came) else kept(row.value, fragment, type_)]

    def _is_erased(self, fragment: str, time: int, came: int) -> bool:
        return any(
            (until is not None and time <= until) or (heard is not None and came <= heard)
            for until, heard in ((each.until(fragment), each.heard(fragment)) for each in self._erased)
        )

    def _said(self, value: bytes, type_: str) -> Judged:
        topic = topic_of(type_)
        read = decode(Record(topic, value, (), self._now), self._phone_region)
        return Refused(value, read) if isinstance(read, Refusal) else AsItIs(topic, None, value, type_)


def kept(value: bytes, fragment: str, type_: str) -> AsItIs:
    """A harmonised event on its way to where it was."""
    return AsItIs(INTERACTIONS, fragment.encode(), value, type_)
