"""What is known of a fragment before its history: the starting state, and states as rows in front of the history.

Pure. States travel as rows, so that one sort brings a fragment's states and its interactions together.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

import pyarrow as pa
from msgspec.structs import replace

from streams.domain.contact import ContactState, decode
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.engine.runs import Records
from streams.history.refold.contact_rows import ContactHistory, TopicRow
from streams.history.refold.lake_source import NEEDED_SCHEMA
from streams.operations.backup.record_files import Record


class StartingState(NamedTuple):
    """The state to fold from. `begun`: a new record may have begun since the erasure, under other identifiers."""

    state: ContactState
    begun: bool


_NOBODY = ContactState()


def starting_state(
    rebuilt: ContactState | None, known: Iterable[ContactState], forgotten_until: int | None
) -> StartingState:
    """The empty state, or what was `rebuilt` before, without what has been erased since.

    `known`: what the running system keeps of the fragment, a state or a trace or both, with no erasure on its way. Of
    it only the place counts. `forgotten_until`: the time on the lake's erasure list (ms); None: not on it.
    """
    before, begun = rebuilt or _NOBODY, False
    for each in known:
        before = _with_versions(before, each)
        place = place_of(each)
        begun = begun or place.roof is not None or bool(place.parts)
    if forgotten_until is not None:
        before = _without_erased(before, IdentityStatus(erased=Erasure(forgotten_until, "", ""), marks=True))
    return StartingState(before, begun)


def _with_versions(before: ContactState, known: ContactState) -> ContactState:
    """Take over the version and whether a profile is published, so that readers learn when none is any more."""
    before = replace(before, version=max(before.version, known.version))
    if known.place is None and before.place is None:
        return before
    now = place_of(known)
    before = _without_erased(before, now)
    place = place_of(before)
    shown = "nothing" if now.shown == place.shown == "nothing" else "profile"
    told, swept = max(place.told, now.told), max(place.swept, now.swept)
    return replace(before, place=replace(place, told=told, swept=swept, linked=now.linked, shown=shown))


def _without_erased(before: ContactState, now: IdentityStatus) -> ContactState:
    """Drop everything from before an erasure, unless the state records it already. A mark of either stays.

    Versions before wrote traces without marks, so of one erasure one record may have it and another one not.
    """
    place = place_of(before)
    if now.erased is None:
        return before
    marks = now.marks or (place.marks and place.erased is not None)
    if place.erased is not None and place.erased.time >= now.erased.time:
        return before if place.marks == marks else replace(before, place=replace(place, marks=marks))
    return ContactState(version=before.version, place=IdentityStatus(erased=now.erased, marks=marks, shown=place.shown))


_NO_TOPIC = ""


class PriorState(IntEnum):
    """What a row in front of a history holds: a state that was rebuilt before, or the running system's."""

    REBUILT = 0
    KNOWN = 1


class PriorAndHistory(NamedTuple):
    """The states in front of a history, and the history."""

    rebuilt: ContactState | None
    known: list[ContactState]
    history: ContactHistory


def rows_of_states(kind: PriorState, records: Iterable[Record]) -> pa.RecordBatch:
    """Records of a backup's contacts, whose keys are fragments, as rows."""
    found = list(records)
    columns: list[list[object]] = [
        [_NO_TOPIC] * len(found),
        [int(kind)] * len(found),
        [0] * len(found),
        [0] * len(found),
        [(record.key or b"").decode() for record in found],
        [record.value for record in found],
    ]
    return _batch(columns)


def rows_of_records(topic_id: str, records: Records) -> pa.RecordBatch:
    """Records of `interactions` as rows; a key that is no text becomes null."""
    columns: list[list[object]] = [
        [topic_id] * len(records),
        [record.partition for record in records],
        [record.offset for record in records],
        [record.timestamp for record in records],
        [_text(record.key) for record in records],
        [record.value for record in records],
    ]
    return _batch(columns)


def split_prior_states(history: ContactHistory) -> PriorAndHistory:
    """Separate the rows of states from those of interactions."""
    states = {PriorState(row.partition): decode(row.event) for row in _before(history)}
    rest = [row for row in history.rows if row.topic_id != _NO_TOPIC]
    known = [states[PriorState.KNOWN]] if PriorState.KNOWN in states else []
    return PriorAndHistory(states.get(PriorState.REBUILT), known, ContactHistory(history.contact_id, rest))


def _before(history: ContactHistory) -> Iterator[TopicRow]:
    return (row for row in history.rows if row.topic_id == _NO_TOPIC)


def _batch(columns: list[list[object]]) -> pa.RecordBatch:
    arrays = [pa.array(column, kind) for column, kind in zip(columns, NEEDED_SCHEMA.types, strict=True)]
    return pa.record_batch(arrays, schema=NEEDED_SCHEMA)


def _text(key: bytes | None) -> str | None:
    try:
        return None if key is None else key.decode()
    except UnicodeDecodeError:
        return None
