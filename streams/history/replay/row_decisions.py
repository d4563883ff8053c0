"""What becomes of a row: it goes as it is to `interactions` or to its input topic, or stays out.

A row of the lake is harmonised, so nobody's address is in it and intake has nothing to do with it. What is not of the
lake is judged as intake would judge it.
"""

from collections.abc import Iterator, Sequence

from events.adapters.feed import LeftOut, Refused
from events.envelope import Record, decode
from events.harmonised import Opened, open_harmonised
from events.identifiers import is_identity_hash, strongest
from events.json_types import JSON
from events.refusal import Refusal
from events.registry import MESSAGES, topic_of
from events.topics import INTERACTIONS
from sinks.lake.erasure_list import Erasures
from streams.domain.contact.state import WEEK
from streams.history.importing.file_parts import AsItIs
from streams.history.lake.row_reading import NOTHING, Row
from streams.history.lake.selection import Selection

MARGIN = 2 * 3_600_000
"""Of the week in which a copy of a message is known: an hour that a clock may be ahead, and one to be taken in."""
ERASED_TYPE = "contact.erased"
OLD = LeftOut("messages older than 7 days, which enter by a rebuild")
NOBODYS = LeftOut("of nobody: the person was erased")
ERASED = LeftOut("before the erasure of the person")
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
        if type_ in MESSAGES and opened.time < self._now - WEEK + MARGIN:
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


def erasure_in(row: Row) -> tuple[str, int, bytes] | None:
    """Whom a harmonised row tells to forget, until when (ms), in which bytes; None: it tells nothing of the kind."""
    if not isinstance(row.value, bytes) or ERASED_TYPE.encode() not in row.value:
        return None
    opened = open_harmonised(row.value)
    if isinstance(opened, Refusal) or opened.head[2] != ERASED_TYPE:
        return None
    fragment = fragment_of(row, opened) if row.of_lake or is_harmonised(opened) else None
    return None if fragment is None else (fragment, opened.time, row.value)


def is_harmonised(opened: Opened) -> bool:
    """Whether its contact is named by a hash of ours, which no producer writes.

    A contact that is named by `contact_id` alone is the same on either way.
    """
    return any(map(is_identity_hash, identifiers_in(opened)))


def fragment_of(row: Row, opened: Opened) -> str | None:
    """The key of a harmonised event's record."""
    return row.fragment if row.of_lake else named_in(opened)


def named_in(opened: Opened) -> str | None:
    """The fragment that a harmonised event names: of a pair the smaller id, else the strongest identifier."""
    data = opened.event.get("data")
    ids = data.get("contact_ids") if isinstance(data, dict) else None
    if isinstance(ids, list) and ids:
        return min(map(str, ids))
    named: dict[str, JSON] = {str(place): text for place, text in enumerate(identifiers_in(opened))}
    return strongest(named)


def identifiers_in(opened: Opened) -> Iterator[str]:
    """What a contact is named by, strongest first."""
    data = opened.event.get("data")
    contact = data.get("contact") if isinstance(data, dict) else None
    if not isinstance(contact, dict):
        return
    for name in ("contact_id", "voter_id", "external", "email", "phone"):
        value = contact.get(name)
        for text in (value[system] for system in sorted(value)) if isinstance(value, dict) else (value,):
            if isinstance(text, str):
                yield text
