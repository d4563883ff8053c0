"""Previews of a partition: how many of its people would be in segments that nobody has defined yet.

Each step judges some people, and its record says how far it has come and has the next one done; so traffic goes on in
between, as in a backfill. What is under way is in memory alone: nothing but numbers is written, and a new owner of the
partition ends what it knows nothing of, with a null, which tells whoever asked to ask again.

Which contacts are judged is drawn from all of the partition, ahead of any question where there was time for it
(`sampling.py`): whoever changes one word of a definition and asks again is answered of the same people, but for those
who have come or gone meanwhile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting
from streams.domain.pressure import Policy
from streams.domain.segments.matching import matches
from streams.domain.segments.person import Person, whole_person
from streams.domain.segments.previews import (
    PreviewProgress,
    PreviewQuestion,
    PreviewRecord,
    PreviewRefusal,
    asked_segments,
    read_preview,
    write_preview,
)
from streams.domain.segments.resolution import Segment
from streams.engine.decoded_states import States
from streams.engine.runs import KafkaRecord
from streams.engine.writer import Output
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.contacts.repository import ContactRepository
from streams.worker.agents.segments.compiling import rules_of
from streams.worker.agents.segments.records import work_record
from streams.worker.agents.segments.sampling import KEYS_AT_ONCE, OF_NOBODY, kept_sample

JUDGED_AT_ONCE = 1_000
"""Of a sample: all of it, unless a topic has fewer than four partitions. For each step waits for a transaction."""
SWEPT_AT_ONCE = 100
"""Where everybody is judged."""
MOST_AT_ONCE = 4
"""Previews under way in a partition: each does a step in every transaction."""

_MEMORY = "segments/previews"


@dataclass(slots=True)
class _Running:
    """A preview under way. `began`: when it was asked for; `after`: the key up to which everybody is judged.

    `to_judge`: the sample, copied once it was whole; `known`: how many contacts the partition held then, None before
    that.
    """

    segments: list[Segment]
    began: int
    patience_ms: int
    is_exact: bool
    progress: PreviewProgress
    after: bytes = b""
    known: int | None = None
    to_judge: list[bytes] = field(default_factory=list)

    def is_over(self, at: int) -> bool:
        """Whether nobody waits for it any more at a time (ms)."""
        return at > self.began + self.patience_ms


class PreviewSteps:
    """Does the steps of previews that one chunk asks for. `now`: which time it is in the partition, 0 if not known."""

    def __init__(
        self,
        states: States[ContactState],
        repository: ContactRepository,
        builder: RecordBuilder,
        policy: Policy,
        now: Callable[[], int],
    ) -> None:
        self._states = states
        self._repository = repository
        self._builder = builder
        self._policy = policy
        self._now = now

    def take(self, record: KafkaRecord) -> Iterator[Output]:
        """Do what a record asks for: a question, a step, or a null, by which nobody waits any more."""
        key, under_way = record.key or b"", self._under_way()
        if record.value is None:
            under_way.pop(key, None)
            return
        said = read_preview(record.value)
        running = self._running(key, said, record.timestamp, under_way)
        if isinstance(running, _Running):
            running.progress = self._step(running)
            yield self._record(key, running.progress)
            if running.progress.is_done:
                del under_way[key]
        elif isinstance(running, PreviewRefusal):
            yield self._record(key, running)
        else:
            under_way.pop(key, None)
            yield self._record(key, None)

    def _running(
        self, key: bytes, said: PreviewRecord | None, at: int, under_way: dict[bytes, _Running]
    ) -> _Running | PreviewRefusal | None:
        """The preview that a record is about; None: it has ended, or nobody waits for it any more."""
        if isinstance(said, PreviewQuestion):
            for name in [name for name, each in under_way.items() if each.is_over(at)]:
                del under_way[name]
            if len(under_way.keys() - {key}) >= MOST_AT_ONCE:
                return PreviewRefusal("too many previews are under way; ask again in a moment")
            segments = asked_segments(said, rules_of(self._policy))
            if isinstance(segments, PreviewRefusal):
                return segments
            begun = PreviewProgress(0, 0, 0, 0, (0,) * len(segments))
            under_way[key] = _Running(segments, at, said.patience_ms, said.is_exact, begun)
            return under_way[key]
        running = under_way.get(key)
        if running is None or running.progress != said or running.is_over(at):
            return None
        return running

    def _step(self, running: _Running) -> PreviewProgress:
        if running.is_exact:
            return self._judge_piece(running)
        if running.known is None:
            self._draw(running)
        known, before = running.known, running.progress
        if known is None:
            return PreviewProgress(before.step + 1, 0, 0, 0, before.matched)
        contacts = running.to_judge[before.judged : before.judged + JUDGED_AT_ONCE]
        found = self._repository.get_many(contacts)
        people = [person for key, state in found.items() for person in self._seen(key, state)]
        is_done = before.judged + len(contacts) >= len(running.to_judge)
        return self._counted(running, (known, len(contacts)), people, is_done=is_done)

    def _draw(self, running: _Running) -> None:
        """Go on drawing the sample, if it is not whole; once it is, have those judged who are in it then."""
        kept = kept_sample(self._states, self._builder.partitions)
        if not kept.people.is_whole:
            kept.walk(self._states, KEYS_AT_ONCE)
        if kept.people.is_whole:
            running.known = kept.people.known
            running.to_judge = [contact for _, contact in kept.people.drawn]

    def _judge_piece(self, running: _Running) -> PreviewProgress:
        """Judge the next of everybody; how many there are is known once all are judged."""
        piece = self._states.following(running.after, SWEPT_AT_ONCE)
        contacts = [(key, state) for key, state in piece if OF_NOBODY not in key]
        people = [person for key, state in contacts for person in self._seen(key, state)]
        running.after = piece[-1][0] if piece else running.after
        is_done = len(piece) < SWEPT_AT_ONCE
        known = running.progress.judged + len(contacts) if is_done else 0
        return self._counted(running, (known, len(contacts)), people, is_done=is_done)

    def _counted(
        self, running: _Running, counts: tuple[int, int], people: list[Person], *, is_done: bool
    ) -> PreviewProgress:
        (known, judged), before = counts, running.progress
        matched = list(before.matched)
        now = self._now() or running.began
        for person in people:
            at = max(now, person.known.state.clock)
            for number, segment in enumerate(running.segments):
                matched[number] += matches(segment, person, at)
        return PreviewProgress(
            before.step + 1, known, before.judged + judged, before.people + len(people), (*matched,), is_done
        )

    def _seen(self, key: bytes, state: ContactState) -> Iterator[Person]:
        """The person who is shown under an id, if anybody is."""
        contact_id, place = key.decode(), place_of(state)
        if place.roof is None and place.shown == "profile":
            parts = counting(self._repository.parts(contact_id, state.place), place)
            if (person := whole_person(contact_id, {contact_id: state, **parts})) is not None:
                yield person

    def _under_way(self) -> dict[bytes, _Running]:
        held: dict[bytes, _Running] = self._states.memory.setdefault(_MEMORY, {})
        return held

    def _record(self, key: bytes, said: PreviewRecord | None) -> Output:
        return work_record(self._builder.partition, key, None if said is None else write_preview(said))
