"""What intake asks of each record while some source is in quarantine, and tells of each that was refused."""

from collections.abc import Iterable, Mapping

from events.cloudevents import Headers
from events.fields import MAX_ID
from events.refusal import Reason, Refusal
from events.requeued import REQUEUED
from streams.clinic.letters import said_by
from streams.quarantine.floods import Flood, Floods
from streams.quarantine.orders import Quarantine
from streams.quarantine.waiting import may_wait

HELD = Refusal(Reason.QUARANTINED, "source: in quarantine, because too much of it was refused")


class Guard:
    """In memory, of one process: `held` is what it was told of quarantines, `found` what it saw of floods since."""

    def __init__(self, floods: Floods) -> None:
        self._floods = floods
        self.held: Mapping[str, Quarantine] = {}
        self.found: dict[str, Flood] = {}

    @property
    def is_needed(self) -> bool:
        """Whether `holds` could say yes to any record."""
        return bool(self.held)

    def listens(self, at_ms: int) -> bool:
        """Whether what was accepted of what was appended then is to be told too."""
        return bool(self._floods.suspected(at_ms))

    def holds(self, value: bytes | None, headers: Headers, at_ms: int) -> bool:
        """Whether a record, appended at `at_ms`, is to be held. What was sent anew by an operator never is."""
        said = said_by(value, headers)
        quarantine = None if said.source is None else self.held.get(said.source)
        if quarantine is None or at_ms >= quarantine.until or not may_wait(said.type):
            return False
        return not _was_sent_anew(headers)

    def refused(self, value: bytes | None, headers: Headers, at_ms: int) -> None:
        """Hear of a record that was refused, held or not."""
        source = said_by(value, headers).source
        if source is None or len(source) > MAX_ID or _was_sent_anew(headers):
            return
        if flood := self._floods.refused(source, at_ms):
            self.found[source] = flood

    def accepted(self, value: bytes | None, headers: Headers, at_ms: int) -> None:
        """Hear of one that was accepted."""
        source = said_by(value, headers).source
        if source is not None and source in self._floods.suspected(at_ms):
            self._floods.accepted(source, at_ms)

    def told(self, held: Mapping[str, Quarantine]) -> None:
        """Take over what is in quarantine by now; a source that was let go begins anew."""
        for source in self.held.keys() - held.keys():
            self._floods.forget(source)
            self.found.pop(source, None)
        self.held = {**held}

    def take_found(self) -> Iterable[Flood]:
        """The floods that were seen since the last call."""
        found, self.found = self.found, {}
        return found.values()


def _was_sent_anew(headers: Headers) -> bool:
    return any(name == REQUEUED for name, _ in headers)
