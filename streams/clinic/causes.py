"""Letters by what caused them: ten thousand of them are three mistakes of two producers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from events.refusal import Refusal
from streams.clinic.letters import Letter, Place

SAMPLES = 3
_in_a_list = re.compile(r"\.\d+(?=[.:]|$)")


class Cause(NamedTuple):
    """What letters of one group have in common."""

    reason: str
    detail: str
    stage: str
    topic: str
    source: str | None
    type: str | None


@dataclass(slots=True)
class Group:
    """Letters of one cause: how many, the first and the last time (ms), and where the latest of them stood."""

    cause: Cause
    first: int
    last: int
    count: int = 0
    came_back: int = 0
    samples: list[Place] = field(default_factory=list)

    def add(self, letter: Letter) -> None:
        """Count one more."""
        self.count += 1
        self.came_back += bool(letter.history)
        self.first, self.last = min(self.first, letter.time), max(self.last, letter.time)
        self.samples = [*self.samples, letter.origin_place][-SAMPLES:]


def cause_of(letter: Letter) -> Cause:
    """The cause; of a field in a list it does not matter where in the list it was."""
    origin = letter.origin
    return Cause(letter.refusal.reason.value, general(letter.refusal), origin.stage, origin.topic, *letter.said)


def grouped(letters: Iterable[Letter]) -> list[Group]:
    """All groups, the largest first. A record that was refused twice is counted once for each letter."""
    groups: dict[Cause, Group] = {}
    for letter in letters:
        cause = cause_of(letter)
        group = groups.get(cause)
        if group is None:
            group = groups[cause] = Group(cause, letter.time, letter.time)
        group.add(letter)
    return sorted(groups.values(), key=lambda group: (-group.count, group.cause[:4]))


def general(refusal: Refusal) -> str:
    """A detail without places in lists: `data.tags_added.*` and not `data.tags_added.3`."""
    where, colon, cure = refusal.detail.partition(": ")
    return _in_a_list.sub(".*", where) + colon + cure
