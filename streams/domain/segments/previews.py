"""What is asked and answered of a preview: how many people a definition would let in, before it is defined.

Both are records of `segment-work` with the key `preview/<id>`, in each partition its own. A worker writes how far it
has come after each step; that record has it do the next one, and the last is followed by a null.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import msgspec
from msgspec import Struct

from events.json_types import UNREADABLE
from events.segments import SegmentDefinitionTable
from streams.domain.file_mistakes import FileMistake, FileMistakes
from streams.domain.messages import message
from streams.domain.pressure.closures import ChannelRules
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_files import definition_table, read_segment
from streams.domain.segments.resolution import Segment, references, resolve

PREVIEW = b"preview/"
MOST_ASKED = 20
"""Definitions of one preview: all are judged of the same people."""


class PreviewQuestion(Struct, frozen=True, tag="asked"):
    """How many would be in these segments? `definitions`: of those and of all that they refer to.

    `is_exact`: everybody is judged and not a sample. `patience_ms`: after so long nobody waits for the answer.
    """

    asked: tuple[str, ...]
    definitions: tuple[dict[str, Any], ...]
    patience_ms: int
    is_exact: bool = False

    @property
    def criteria(self) -> list[SegmentDefinitionTable]:
        """The definitions, as `audit-log` has them."""
        return cast(list[SegmentDefinitionTable], [*self.definitions])


class PreviewProgress(Struct, frozen=True, tag="judging"):
    """How far a partition is. `known`: contacts that it holds, 0 until they are counted; `judged`: of these so many.

    `people`: of those judged, who are shown; `matched`: who are in each segment that was asked about.
    """

    step: int
    known: int
    judged: int
    people: int
    matched: tuple[int, ...]
    is_done: bool = False


class PreviewRefusal(Struct, frozen=True, tag="refused"):
    """Why a partition does not answer."""

    why: str


PreviewRecord: TypeAlias = PreviewQuestion | PreviewProgress | PreviewRefusal

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PreviewRecord).decode


def write_preview(record: PreviewRecord) -> bytes:
    """The value of a record."""
    return _encode(record)


def read_preview(value: bytes) -> PreviewRecord | None:
    """What a record says; None where it cannot be read."""
    try:
        said: PreviewRecord = _decode(value)
    except UNREADABLE:
        return None
    return said


def preview_key(name: str) -> bytes:
    """The key of the records of a preview."""
    return PREVIEW + name.encode()


def preview_question(
    asked: Sequence[SegmentDefinition], there: Mapping[str, SegmentDefinition], rules: ChannelRules, *, is_exact: bool
) -> PreviewQuestion | FileMistakes:
    """The question, or every mistake for which it cannot be asked. `there`: what is defined, that may be referred to.

    A definition of the same id as one that is there stands in its place.
    """
    if len(asked) > MOST_ASKED:
        problem, cure = message("file_mistake.are", n=len(asked)), message("file_mistake.preview_at_most", n=MOST_ASKED)
        return FileMistakes((FileMistake("segment", problem, cure),))
    names = [each.id for each in asked]
    everything = {**there, **{each.id: each for each in asked}}
    needed = _needed(names, everything)
    resolved = resolve(needed, rules)
    if not all(name in resolved.segments for name in names):
        return FileMistakes(tuple(each for each in resolved.mistakes))
    return PreviewQuestion((*names,), (*map(definition_table, needed),), patience_ms=0, is_exact=is_exact)


def asked_segments(question: PreviewQuestion, rules: ChannelRules) -> list[Segment] | PreviewRefusal:
    """The segments that a question is about, ready to be judged."""
    definitions = []
    for table in question.definitions:
        read = read_segment(table)
        if isinstance(read, FileMistakes):
            return PreviewRefusal(str(read.found[0]))
        definitions.append(read)
    resolved = resolve(definitions, rules)
    if any(name not in resolved.segments for name in question.asked):
        return PreviewRefusal(str(next(iter(resolved.mistakes), "nothing is defined that it asks about")))
    return [resolved.segments[name] for name in question.asked]


def refers_to_others(asked: Iterable[SegmentDefinition]) -> bool:
    """Whether any of them refers to a segment that is not among them."""
    known = {each.id: each for each in asked}
    return any(name not in known for each in known.values() for name in references(each.conditions))


def _needed(names: Iterable[str], there: Mapping[str, SegmentDefinition]) -> Collection[SegmentDefinition]:
    found: dict[str, SegmentDefinition] = {}
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name not in found and name in there:
            found[name] = there[name]
            waiting += references(there[name].conditions)
    return found.values()
