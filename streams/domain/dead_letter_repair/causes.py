"""Dead letters grouped by cause: ten thousand of them are often three mistakes of two producers."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from events.refusal import Refusal
from streams.domain.dead_letter_repair.letters import Letter, RecordPosition

SAMPLES = 3
_in_a_list = re.compile(r"\.\d+(?=[.:]|$)")


class Cause(NamedTuple):
    """What dead letters of one group have in common: the refusal, where it happened, and who sent what."""

    reason: str
    detail: str
    stage: str
    topic: str
    source: str | None
    type: str | None


@dataclass(slots=True)
class LetterGroup:
    """Dead letters of one cause: how many, the first and the last time (ms), and where the latest of them stood.

    `requeued`: how many were sent anew since; the others are open. `came_back`: how many had been sent anew before.
    `samples`: positions of open ones, if there are any.
    """

    cause: Cause
    first: int
    last: int
    count: int = 0
    came_back: int = 0
    requeued: int = 0
    samples: list[RecordPosition] = field(default_factory=list)

    @property
    def open(self) -> int:
        """How many letters nobody has sent anew."""
        return self.count - self.requeued

    def add(self, letter: Letter, *, is_requeued: bool) -> None:
        """Count one more letter."""
        if not is_requeued and not self.open:
            self.samples = []
        if not is_requeued or not self.open:
            self.samples = [*self.samples, letter.origin_place][-SAMPLES:]
        self.count += 1
        self.requeued += is_requeued
        self.came_back += bool(letter.history)
        self.first, self.last = min(self.first, letter.time), max(self.last, letter.time)


def cause_of(letter: Letter) -> Cause:
    """The cause of a letter; positions in lists are left out of it."""
    origin = letter.origin
    return Cause(
        letter.refusal.reason.value,
        without_list_positions(letter.refusal),
        origin.stage,
        origin.topic,
        *letter.declared,
    )


def group_by_cause(letters: Iterable[Letter], requeued: Container[str] = ()) -> list[LetterGroup]:
    """Letters grouped by cause, groups with the most open letters first.

    A record that was refused twice counts once for each letter. `requeued`: the names of letters that were sent anew.
    """
    groups: dict[Cause, LetterGroup] = {}
    for letter in letters:
        cause = cause_of(letter)
        group = groups.get(cause)
        if group is None:
            group = groups[cause] = LetterGroup(cause, letter.time, letter.time)
        group.add(letter, is_requeued=letter.name in requeued)
    return sorted(groups.values(), key=lambda group: (-group.open, -group.count, group.cause[:4]))


def without_list_positions(refusal: Refusal) -> str:
    """The detail of a refusal without positions in lists: `data.tags_added.*` for `data.tags_added.3`."""
    where, colon, cure = refusal.detail.partition(": ")
    return _in_a_list.sub(".*", where) + colon + cure
