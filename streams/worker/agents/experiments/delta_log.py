"""What partitions have told: put aside as it comes, and kept until all sums that it is in are written.

To add up often costs more than to put aside, and to write sums often costs more than to add them up again.
"""

from collections import deque
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from streams.domain.experiments.experiment_table import TableRecord
from streams.engine.decoded_states import States

MOST_BYTES = 16 << 20
"""Of what nobody has looked at yet. Beyond that it is added up at once, whether or not it is time for results."""

MOST_LOGGED = 48 << 20
"""Of what is added up and in sums that are not written yet. Beyond that they are written at once."""

_PREFIX = b"aside/"
_MEMORY = "aside"


class Told(Struct, frozen=True, gc=False):
    """A record that is aside: its offset, when it was told (ms), and its value."""

    offset: int
    at: int
    value: bytes


class Aside(Struct):
    """`fresh`: what is not added up yet, `size` bytes. `log`: offset and size of what is, `logged` bytes together.

    `is_behind`: whether sums are as the store has them, so that the log is to be added to them.
    """

    fresh: list[Told] = field(default_factory=list)
    size: int = 0
    log: deque[tuple[int, int]] = field(default_factory=deque)
    logged: int = 0
    is_behind: bool = False

    @property
    def oldest(self) -> int | None:
        """Since when (ms) the oldest of what is in no sum has waited; None: nothing waits."""
        return self.fresh[0].at if self.fresh else None

    def put(self, told: Told) -> None:
        """Add one that is fresh."""
        self.fresh.append(told)
        self.size += len(told.value)

    def take(self) -> Sequence[Told]:
        """All that is fresh, which is not from then on."""
        taken, self.fresh, self.size = self.fresh, [], 0
        return taken

    def note(self, offset: int, size: int) -> None:
        """One more is added up."""
        self.log.append((offset, size))
        self.logged += size

    def trim(self, until: int) -> Iterator[int]:
        """The offsets up to this one of what is added up, which is nobody's from then on."""
        while self.log and self.log[0][0] <= until:
            offset, size = self.log.popleft()
            self.logged -= size
            yield offset


def aside_of(states: States[TableRecord], added: int) -> Aside:
    """What there is, of which a fold may keep account. `added`: up to which offset it has been added up."""
    found: Aside | None = states.memory.get(_MEMORY)
    if found is None:
        found = states.memory[_MEMORY] = Aside()
        for told in waiting(states):
            if told.offset > added:
                found.put(told)
            else:
                found.note(told.offset, len(told.value))
        found.is_behind = bool(found.log)
    return found


def key_of(offset: int) -> bytes:
    """Under which a record is put aside."""
    return _PREFIX + offset.to_bytes(8)


def kept(told: Told) -> bytes:
    """What is put there."""
    return told.at.to_bytes(8) + told.value


def waiting(states: States[TableRecord]) -> Iterator[Told]:
    """All that is aside, in the order in which it came."""
    for key, value in states.all_beside(_PREFIX):
        yield Told(int.from_bytes(key[len(_PREFIX) :]), int.from_bytes(value[:8]), value[8:])
