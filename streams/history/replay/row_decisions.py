"""Decides where a replayed row goes: to `interactions` as it is, to its input topic, or nowhere.

A row of the lake is harmonised: there is no address in it, and intake is not needed. Any other row is judged as intake
would judge it.
"""

from collections.abc import Sequence

from events.adapters.feed import RefusedElement, SkippedElement
from events.envelope import MAX_AHEAD_MS, Interaction, Record, decode, not_after
from events.harmonised import Opened, harmonised_again, judge_harmonised, open_harmonised
from events.purpose_wall import OPEN, Wall, again_through_the_wall, passes_by_a_look
from events.refusal import Refusal
from events.registry import MESSAGES, topic_of
from events.topics import INTERACTIONS
from sinks.lake.erasure_list import Erasures
from streams.domain.contact.state import DEDUP_WINDOW_MS
from streams.history.importing.file_items import UnchangedEvent
from streams.history.lake.admission import TOO_FAR_AHEAD
from streams.history.lake.input_files import Selection
from streams.history.lake.row_reading import (
    ANONYMISED,
    BEFORE_ERASURE,
    ERASED_TYPE,
    NO_EVENT,
    FileRow,
    fragment_of,
    is_harmonised,
)

WINDOW_MARGIN_MS = 2 * 3_600_000
"""Kept free of the week in which copies of messages are known: an hour a clock may be ahead, and one for intake."""
TOO_OLD = SkippedElement("messages older than 7 days, which enter by a rebuild")
ERASURES = SkippedElement("erasures; --erasures sends them")
OF_THE_INACTIVE = SkippedElement(
    "erasures of who was inactive: `retention run --inactive` judges by what is known there"
)
IF_INACTIVE = "contact.erased_if_inactive"
OF_REFUSED_SOURCES = SkippedElement("of kinds of source of which nothing is taken here (HARMONIA_REFUSED_SOURCES)")

RowDecision = UnchangedEvent | RefusedElement | SkippedElement


class RowDecider:
    """Decides what happens to each row. `erased`: erasure lists, each with who was erased and until when.

    `now`: ms since 1970. `erases`: erasures have been sent before. `wall`: what nothing is taken of.
    """

    def __init__(  # noqa: PLR0913 (each is a part of the order)
        self,
        selection: Selection,
        erased: Sequence[Erasures],
        phone_region: str,
        now: int,
        *,
        erases: bool,
        wall: Wall = OPEN,
    ) -> None:
        self._selection = selection
        self._wall = wall
        self._erased = [each for each in erased if len(each)]
        self._phone_region = phone_region
        self._now = now
        self._erases = erases

    def judge(self, row: FileRow) -> list[RowDecision]:
        """One decision, or none for a row that is not selected."""
        if not isinstance(row.value, bytes):
            return [ANONYMISED if row.is_nobodys else RefusedElement(row.raw, row.value or NO_EVENT)]
        opened = open_harmonised(row.value)
        if isinstance(opened, Refusal):
            return [RefusedElement(row.raw, opened)]
        type_ = opened.head[2]
        if not self._selection.takes(type_, opened.time):
            return []
        if type_ in MESSAGES and opened.time < self._now - DEDUP_WINDOW_MS + WINDOW_MARGIN_MS:
            return [TOO_OLD]
        if type_ == IF_INACTIVE:  # by a part of a history the condition might hold of somebody who is active
            return [OF_THE_INACTIVE]
        if not row.of_lake and not is_harmonised(opened):
            return [self._decide_raw(row.value, type_)]
        fragment = fragment_of(row, opened)
        if fragment is None:
            return [ANONYMISED]
        if type_ == ERASED_TYPE:
            return [] if self._erases else [ERASURES]
        came = opened.time if row.appended_at is None else row.appended_at
        if self._is_erased(fragment, opened.time, came):
            return [BEFORE_ERASURE]
        return [self._decide_harmonised(row, row.value, opened, fragment)]

    def _decide_harmonised(self, row: FileRow, value: bytes, opened: Opened, fragment: str) -> RowDecision:
        if opened.time > self._now:  # no intake has written that
            return self._decide_ahead(row, opened, fragment)
        taken = self._through_the_wall(value, opened)
        return OF_REFUSED_SOURCES if taken is None else to_interactions(taken, fragment, opened.head[2])

    def _decide_ahead(self, row: FileRow, opened: Opened, fragment: str) -> RowDecision:
        """Judge a harmonised row from the future as intake would if it came now."""
        read = judge_harmonised(opened)
        if isinstance(read, Interaction):
            read = TOO_FAR_AHEAD if read.time > self._now + MAX_AHEAD_MS else again_through_the_wall(read, self._wall)
        if isinstance(read, Refusal):
            return RefusedElement(row.raw, read)
        return to_interactions(harmonised_again(not_after(read, self._now)), fragment, read.type)

    def _through_the_wall(self, value: bytes, opened: Opened) -> bytes | None:
        """What is taken of a harmonised event: most often its own bytes; None: nothing is."""
        if self._wall == OPEN or passes_by_a_look(opened.event.get("data"), self._wall):
            return value
        read = judge_harmonised(opened)
        if isinstance(read, Refusal):  # who reads `interactions` judges as before
            return value
        taken = again_through_the_wall(read, self._wall)
        if isinstance(taken, Refusal):
            return None
        return value if taken is read else harmonised_again(taken)

    def _is_erased(self, fragment: str, time: int, came: int) -> bool:
        return any(
            (until is not None and time <= until) or (heard is not None and came <= heard)
            for until, heard in ((each.until(fragment), each.received_until(fragment)) for each in self._erased)
        )

    def _decide_raw(self, value: bytes, type_: str) -> RowDecision:
        topic = topic_of(type_)
        read = decode(Record(topic, value, (), self._now), self._phone_region)
        return RefusedElement(value, read) if isinstance(read, Refusal) else UnchangedEvent(topic, None, value, type_)


def to_interactions(value: bytes, fragment: str, type_: str) -> UnchangedEvent:
    """A harmonised event on its way to `interactions`."""
    return UnchangedEvent(INTERACTIONS, fragment.encode(), value, type_)
