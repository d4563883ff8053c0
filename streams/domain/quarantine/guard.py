"""Whether a record is held because its source is in quarantine; asked by intake of each record.

Held is only what can wait: what harms nobody if it is counted a day later. Never held is whatever moves money, says no,
takes something back, or makes others reach somebody less (a touch, a bounce, a report at a door): without it somebody
would be written to who should not be. An unknown type is refused in any case, so it may as well wait.
"""

from collections.abc import Iterable, Mapping

from events.cloudevents import Headers
from events.fields import MAX_ID
from events.identifiers import Hasher
from events.refusal import Reason, Refusal
from events.registry import MODELS, types_that
from events.requeued import was_requeued
from streams.domain.dead_letter_repair.letters import read_declared_type
from streams.domain.quarantine.flood_detection import RefusalCounter, Suspicion
from streams.domain.quarantine.quarantines import Quarantine

DEFERRABLE_TYPES = types_that(lambda spec: spec.can_wait)
"""Types of the contract that can wait."""


def is_deferrable(type_: str | None) -> bool:
    """Whether a record of this type may be held; None: its type cannot be read."""
    return type_ in DEFERRABLE_TYPES or type_ not in MODELS


HELD_REFUSAL = Refusal(Reason.QUARANTINED, "source: in quarantine, because too much of it was refused")


class QuarantineGuard:
    """Quarantines that are known to one process (`held`), and suspicions that it has found since (`found`).

    `hasher` verifies that an operator has sent a record anew, which producers could claim too.
    """

    def __init__(self, floods: RefusalCounter, hasher: Hasher) -> None:
        self._floods = floods
        self._hasher = hasher
        self.held: Mapping[str, Quarantine] = {}
        self.found: dict[str, Suspicion] = {}

    @property
    def is_needed(self) -> bool:
        """Whether any source is in quarantine."""
        return bool(self.held)

    def holds(self, value: bytes | None, headers: Headers, at_ms: int) -> bool:
        """Whether a record, appended at `at_ms`, is to be held; never one that an operator has sent anew."""
        said = read_declared_type(value, headers)
        quarantine = None if said.source is None else self.held.get(said.source)
        if quarantine is None or at_ms >= quarantine.until or not is_deferrable(said.type):
            return False
        return not was_requeued(value, headers, self._hasher)

    def refused(self, value: bytes | None, headers: Headers, at_ms: int) -> None:
        """Count a record that was refused, held or not."""
        source = read_declared_type(value, headers).source
        if source is None or len(source) > MAX_ID or was_requeued(value, headers, self._hasher):
            return
        if suspicion := self._floods.refused(source, at_ms):
            self.found[source] = suspicion

    def replace_quarantines(self, held: Mapping[str, Quarantine]) -> None:
        """Replace the known quarantines; what was counted of a source that was let go is dropped."""
        for source in self.held.keys() - held.keys():
            self._floods.forget(source)
            self.found.pop(source, None)
        self.held = {**held}

    def take_found(self) -> Iterable[Suspicion]:
        """Suspicions that were found since the last call."""
        found, self.found = self.found, {}
        return found.values()
