"""The sample of a partition's contacts that previews judge: drawn ahead of any question, and kept as contacts change.

To draw it means to read the whole table, since RocksDB keeps values beside keys. So each chunk that is folded walks a
little way, as the worker's clock allows and where the partition is not behind; a question that comes before the end has
the rest done in longer steps. From then on whoever comes or goes is taken in or left out with the chunk that says so,
and the table is not walked through again.

It is in memory alone, and begun anew whenever the partition is opened, after a rebalance or a failed transaction too.
"""

from typing import cast

from streams.domain.contact import ContactState
from streams.domain.segments.people_sample import PeopleSample
from streams.engine.decoded_states import States
from streams.worker.agents.contacts.repository import ContactRepository

SAMPLE = 4_000
"""Contacts that are judged in all partitions together."""
KEYS_AT_ONCE = 20_000
"""Keys that a step of a question walks past."""
AHEAD_PER_S = 20_000
"""Keys a second that are walked past ahead of any question, in all partitions together."""
LEAST_AHEAD, MOST_AHEAD = 1_000, 2_500
"""Keys that one chunk walks past: fewer are left for a later one, and more would hold up what comes behind it."""
PAUSE_MS = 5_000
"""For so long after a chunk of a partition that is behind nobody walks there."""
OF_NOBODY = b"/"
"""In the keys of what canonical ids keep of their fragments, and of traces."""

_MEMORY = "segments/sample"


class KeptSample:
    """Who is drawn of a partition (`people`). `partitions`: of the topic, which share `SAMPLE` and `AHEAD_PER_S`."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._walks_from: int | None = None
        self.people = self._begun()

    def walk(self, states: States[ContactState], keys_at_once: int) -> None:
        """Walk past the next keys of the table, as it is before the chunk that is folded."""
        keys = states.keys_following(self.people.after, keys_at_once)
        contacts = [key for key in keys if OF_NOBODY not in key]
        self.people.walk(contacts, keys[-1] if keys else self.people.after, is_end=len(keys) < keys_at_once)

    def follow(self, states: States[ContactState], repository: ContactRepository, at: int, *, is_behind: bool) -> None:
        """Walk on as far as there is time for, and follow what a chunk has changed.

        `at`: when it is folded (ms); `is_behind`: whether it is of a partition that is behind.
        """
        if not self.people.is_whole:
            self._walk_ahead(states, at, is_behind=is_behind)
        self.people.come(key for key in repository.come if OF_NOBODY not in key)
        self.people.go(key for key in repository.gone if OF_NOBODY not in key)
        if self.people.is_worn:
            self.people = self._begun()

    def _walk_ahead(self, states: States[ContactState], at: int, *, is_behind: bool) -> None:
        if is_behind:
            self._walks_from = at + PAUSE_MS
        elif self._walks_from is None or at < self._walks_from - PAUSE_MS:  # the first time, or the clock was set back
            self._walks_from = at
        allowed = (at - self._walks_from) * AHEAD_PER_S // (1_000 * self._partitions)
        if allowed >= LEAST_AHEAD:
            self._walks_from = at
            self.walk(states, min(allowed, MOST_AHEAD))

    def _begun(self) -> PeopleSample:
        return PeopleSample(-(-SAMPLE // self._partitions))


def is_of_backlog(records: int, chunk_records: int) -> bool:
    """Whether a chunk of so many records is of a partition that is behind: half of the `chunk_records` that fit in.

    One record alone tells nothing, also where no more fit in.
    """
    return records >= max(2, chunk_records // 2)


def kept_sample(states: States[ContactState], partitions: int) -> KeptSample:
    """The sample that a partition has in memory; `partitions`: of the topic."""
    held = cast(KeptSample | None, states.memory.get(_MEMORY))
    if held is None:
        held = states.memory[_MEMORY] = KeptSample(partitions)
    return held
