"""What a peer is told, and what it says: `warm N` and `done N` on its standard output, N events into the job.

Peers run in environments of their own, so this needs nothing but Python. Kafka Streams speaks the same in Java.
"""

import sys
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Self

State = dict[str, int]
LAST = "last"
KINDS = (
    "email.sent email.delivered email.opened email.clicked text.sent text.replied donation.made door.knocked".split()
)
"""The types of the events."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one peer. Its first `warm` events are not measured; all of it stays below `directory`."""

    bootstrap: str
    source: str
    output: str
    name: str
    partitions: int
    events: int
    warm: int
    directory: str

    def arguments(self) -> list[str]:
        """As the peer's command line has them."""
        return [str(value) for value in astuple(self)]

    @classmethod
    def told(cls) -> Self:
        """The job of this process; its directory is made."""
        bootstrap, source, output, name, partitions, events, warm, directory = sys.argv[1:]
        Path(directory).mkdir(parents=True, exist_ok=True)
        return cls(bootstrap, source, output, name, int(partitions), int(events), int(warm), directory)


class Progress:
    """Counts events, and says when the warm-up is over and when all are done."""

    def __init__(self, job: Job) -> None:
        self._warm = job.warm
        self.count = 0

    def add(self, count: int = 1) -> None:
        """Count events that have been folded."""
        before, self.count = self.count, self.count + count
        if before < self._warm <= self.count:
            _say(f"warm {self.count}")

    def done(self) -> None:
        """To be called when state, output and position of all events are where a reader or a successor finds them."""
        _say(f"done {self.count}")


def fold(state: State, kind: str, occurred_at: int) -> State:
    """Count an event by its type, and remember when the contact was last heard of."""
    state[kind] = state.get(kind, 0) + 1
    if occurred_at > state.get(LAST, 0):
        state[LAST] = occurred_at
    return state


def count_in(state: State) -> int:
    """How many events were folded into a state."""
    return sum(state.get(kind, 0) for kind in KINDS)


def wait_for_the_end() -> None:
    """Stay, so that what was used can be read, until the input ends or the process is killed."""
    sys.stdin.read()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
