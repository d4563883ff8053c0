"""Handles records of `segment-definitions`: rules by which people are judged from now on, and their backfill."""

from events.refusal import Reason, Refusal
from streams.domain.file_mistakes import FileMistakes
from streams.domain.segments.compiled_segments import read_definition
from streams.engine.runs import KafkaRecord, Records
from streams.worker.agents.contacts.handler import ChunkHandler


class SegmentDefinitionsHandler(ChunkHandler):
    """Folds one chunk of `segment-definitions`. `unread`: offsets of records that cannot be read."""

    def take(self, records: Records) -> None:
        """Go by each definition from now on; who is in a segment that says something else now is judged anew."""
        self.segments.appended_at = max((record.timestamp for record in records), default=0)
        for record in records:
            if (refusal := self._define(record)) is not None:
                self.unread.append((record.offset, refusal))
        self.segments.go_by(self._policy)
        self.close()

    def _define(self, record: KafkaRecord) -> Refusal | None:
        segment = (record.key or b"").decode(errors="replace")
        if record.value is not None:
            read = read_definition(record.value)
            if isinstance(read, FileMistakes):
                self.segments.registry.lays_by(segment, record.value)
                return Refusal(Reason.INVALID_DATA, str(read.found[0]))
            if read.id != segment:
                return Refusal(Reason.INVALID_DATA, "key: is not the id of the segment")
        self.segments.registry.define(segment, record.value)
        return None
