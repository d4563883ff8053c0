"""What intake asks of each record while some source is in quarantine, and tells of each that was refused."""

from collections.abc import Iterable, Mapping

from events.cloudevents import Headers
from events.fields import MAX_ID
from events.identifiers import Hasher
from events.refusal import Reason, Refusal
from events.requeued import was_requeued
from streams.domain.dead_letter_repair.letters import said_by
from streams.domain.quarantine.floods import Floods, Suspicion
from streams.domain.quarantine.orders import Quarantine
from streams.domain.quarantine.waiting import may_wait

HELD = Refusal(Reason.QUARANTINED, "source: in quarantine, because too much of it was refused")


class Guard:
    """In memory, of one process: `held` is what it was told of quarantines, `found` what it has suspected since.

    `hasher` tells what an operator has sent anew from what a producer says was.
    """

    def __init__(self, floods: Floods, hasher: Hasher) -> None:
        self._floods = floods
        self._hasher = hasher
        self.held: Mapping[str, Quarantine] = {}
        self.found: dict[str, Suspicion] = {}

    @property
    def is_needed(self) -> bool:
        """Whether `holds` could say yes to any record."""
        return bool(self.held)

    def holds(self, value: bytes | None, headers: Headers, at_ms: int) -> bool:
        """Whether a record, appended at `at_ms`, is to be held. What was sent anew by an operator never is."""
        said = said_by(value, headers)
        quarantine = None if said.source is None else self.held.get(said.source)
        if quarantine is None or at_ms >= quarantine.until or not may_wait(said.type):
            return False
        return not was_requeued(value, headers, self._hasher)

    def refused(self, value: bytes | None, headers: Headers, at_ms: int) -> None:
        """Hear of a record that was refused, held or not."""
        source = said_by(value, headers).source
        if source is None or len(source) > MAX_ID or was_requeued(value, headers, self._hasher):
            return
        if suspicion := self._floods.refused(source, at_ms):
            self.found[source] = suspicion

    def told(self, held: Mapping[str, Quarantine]) -> None:
        """Take over what is in quarantine by now; a source that was let go begins anew."""
        for source in self.held.keys() - held.keys():
            self._floods.forget(source)
            self.found.pop(source, None)
        self.held = {**held}

    def take_found(self) -> Iterable[Suspicion]:
        """What was suspected since the last call."""
        found, self.found = self.found, {}
        return found.values()
