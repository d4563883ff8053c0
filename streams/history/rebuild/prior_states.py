"""What is known of a fragment before its history: prior states as rows in front of it, and when it was erased.

Pure. States travel as rows, so that one sort brings a fragment's states and its interactions together. What had come
when an erasure command was heard is not folded again: a command may name an earlier time, at which the person asked,
and erases every fragment of the person; only one fragment has it in its history. Which others it erased is in the
running system's states.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from events.harmonised import open_harmonised
from events.refusal import Refusal
from sinks.lake.schema import EVENT
from streams.domain.contact import ContactState, decode
from streams.domain.contact.facts.forgotten_provenance import forgetting_commands, is_bare_word
from streams.domain.contact.facts.identifier_table import numbered
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.merging import merge
from streams.domain.contact.state import NEVER
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
    it only the place counts, and what is left of what was forgotten: whom that named, and that the person is too young,
    the lake may have lost.
    `forgotten_until`: the time on the lake's erasure list (ms); None: not on it.
    """
    before, begun, known = rebuilt or _NOBODY, False, list(known)
    for each in known:
        before = _with_versions(before, each)
        place = place_of(each)
        begun = begun or place.roof is not None or bool(place.parts)
    if forgotten_until is not None:
        before = _without_erased(before, IdentityStatus(erased=Erasure(forgotten_until, "", ""), marks=True))
    for each in known:
        if _was_erased(each) >= _was_erased(before):
            before = _with_forgotten(before, each)
    return StartingState(before, begun)


def _was_erased(state: ContactState) -> int:
    """The time of the latest erasure (ms); before all times: none."""
    erased = place_of(state).erased
    return -NEVER if erased is None else erased.time


def _with_forgotten(before: ContactState, known: ContactState) -> ContactState:
    """Take over the commands to forget, and what is left of what was: who was one person stays one, and too young.

    What the lake still has of it becomes the same when it is folded. A no is not taken over: the lake keeps it.
    """
    commands = {fact.key: fact for fact in forgetting_commands(known.commands.values())}
    if not commands:
        return before
    words = {fact.key: fact for fact in known.facts.values() if is_bare_word(fact)}
    table, (words, commands, forgotten) = numbered(known.carried, words, commands, known.forgotten)
    left = ContactState(words, commands=commands, forgotten=forgotten, carried=table, exclusive=known.exclusive)
    return merge(before, left)


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


CommandTimes: TypeAlias = Mapping[tuple[str, str], int]
"""When the broker got the first copy of a command (ms since 1970), by its source and id."""

_TYPE = b"contact.erased"
_TYPES = ("contact.erased", "contact.erased_if_inactive")


def earliest_times(*parts: CommandTimes) -> dict[tuple[str, str], int]:
    """All commands, each with its earliest time."""
    found: dict[tuple[str, str], int] = {}
    for part in parts:
        for name, came in part.items():
            found[name] = min(came, found.get(name, came))
    return found


def command_times_in(batch: pa.RecordBatch) -> dict[tuple[str, str], int]:
    """The erasure commands among rows of the topic in `NEEDED_SCHEMA`."""
    rows = batch.filter(pc.match_substring(batch[EVENT], _TYPE.decode()))
    found: dict[tuple[str, str], int] = {}
    for event, came in zip(rows[EVENT].to_pylist(), rows["appended_at"].cast(pa.int64()).to_pylist(), strict=True):
        if (command := _command_of(event)) is not None:
            found = earliest_times(found, {command: came})
    return found


def command_times_to_rows(heard: CommandTimes) -> list[tuple[str, str, int]]:
    """Command times as lists for the file of positions."""
    return [(source, id_, came) for (source, id_), came in sorted(heard.items())]


def command_times_from_rows(heard: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    """Command times from the file of positions."""
    return {(source, id_): came for source, id_, came in heard}


def rows_after_erasure(
    rows: Sequence[TopicRow], known: Iterable[ContactState], heard: CommandTimes
) -> Sequence[TopicRow]:
    """The rows of a fragment that came after its erasure, in order; all where none is known.

    Where the command is among the rows, its position decides, since much may come in one millisecond; else the time at
    which it came.
    """
    if (found := command_heard(known, heard)) is None:
        return rows
    came, command = found
    for number, row in enumerate(rows):
        if row.appended_at == came and _command_of(row.event) == command:
            return rows[number + 1 :]
    return [row for row in rows if row.appended_at > came]


def command_heard(known: Iterable[ContactState], heard: CommandTimes) -> tuple[int, tuple[str, str]] | None:
    """When the latest erasure that states know of was heard (ms), and its source and id; None: none of them was."""
    erasures = ((each.source, each.id) for state in known if (each := place_of(state).erased) is not None)
    return max(((heard[name], name) for name in erasures if name in heard), default=None)


def _command_of(event: bytes) -> tuple[str, str] | None:
    if _TYPE not in event or isinstance(opened := open_harmonised(event), Refusal):
        return None
    return (opened.head[1], opened.head[0]) if opened.head[2] in _TYPES else None
