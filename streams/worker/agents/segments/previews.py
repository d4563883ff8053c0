"""Previews of a partition: how many of its people would be in segments that nobody has defined yet.

Each step judges some people, and its record says how far it has come and has the next one done; so traffic goes on in
between, as in a backfill. What is under way is in memory alone: nothing but numbers is written, and a new owner of the
partition ends what it knows nothing of, with a null, which tells whoever asked to ask again.

Which contacts are judged is drawn in a walk through all keys of the partition (`people_sample`), and kept for a while:
whoever changes one word of a definition and asks again is answered of the same people, and at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting
from streams.domain.pressure import Policy
from streams.domain.segments.matching import matches
from streams.domain.segments.people_sample import Drawn, drawn_with
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

SAMPLE = 4_000
"""Contacts that are judged in all partitions together."""
KEYS_AT_ONCE = 10_000
JUDGED_AT_ONCE = 100
MOST_AT_ONCE = 4
"""Previews under way in a partition: each does a step in every transaction."""
FRESH_MS = 600_000
"""For so long a sample is used again. Who is new since then is in none."""
FEW = 20_000
"""Of a partition with no more contacts a sample is drawn each time."""
OF_NOBODY = b"/"
"""In the keys of what canonical ids keep of their fragments, and of traces."""

_MEMORY = "segments/previews"


@dataclass(slots=True)
class _Sample:
    """Contacts that were drawn; `known`: of how many, `after`: up to which key. `at`: when that began (ms)."""

    at: int
    drawn: list[Drawn] = field(default_factory=list)
    known: int = 0
    after: bytes = b""
    is_drawn: bool = False


@dataclass(slots=True)
class _Running:
    """A preview under way. `began`: when it was asked for; `after`: the key up to which everybody is judged."""

    segments: list[Segment]
    began: int
    patience_ms: int
    sample: _Sample | None
    progress: PreviewProgress
    after: bytes = b""

    def is_over(self, at: int) -> bool:
        """Whether nobody waits for it any more at a time (ms)."""
        return at > self.began + self.patience_ms


@dataclass(slots=True)
class _Previews:
    """What a partition has at hand of previews; `sample`: the one drawn last."""

    running: dict[bytes, _Running] = field(default_factory=dict)
    sample: _Sample | None = None


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
        key, previews = record.key or b"", self._previews()
        if record.value is None:
            previews.running.pop(key, None)
            return
        said = read_preview(record.value)
        running = self._running(key, said, record.timestamp, previews)
        if isinstance(running, _Running):
            running.progress = self._step(running)
            yield self._record(key, running.progress)
            if running.progress.is_done:
                del previews.running[key]
        elif isinstance(running, PreviewRefusal):
            yield self._record(key, running)
        else:
            previews.running.pop(key, None)
            yield self._record(key, None)

    def _running(
        self, key: bytes, said: PreviewRecord | None, at: int, previews: _Previews
    ) -> _Running | PreviewRefusal | None:
        """The preview that a record is about; None: it has ended, or nobody waits for it any more."""
        if isinstance(said, PreviewQuestion):
            for name in [name for name, each in previews.running.items() if each.is_over(at)]:
                del previews.running[name]
            if len(previews.running.keys() - {key}) >= MOST_AT_ONCE:
                return PreviewRefusal("too many previews are under way; ask again in a moment")
            segments = asked_segments(said, rules_of(self._policy))
            if isinstance(segments, PreviewRefusal):
                return segments
            sample = None if said.is_exact else self._sample(previews, at)
            begun = PreviewProgress(0, 0, 0, 0, (0,) * len(segments))
            previews.running[key] = _Running(segments, at, said.patience_ms, sample, begun)
            return previews.running[key]
        running = previews.running.get(key)
        if running is None or running.progress != said or running.is_over(at):
            return None
        return running

    def _sample(self, previews: _Previews, at: int) -> _Sample:
        known = previews.sample
        if known is None or (known.is_drawn and (known.known <= FEW or at > known.at + FRESH_MS)):
            known = previews.sample = _Sample(at)
        return known

    def _step(self, running: _Running) -> PreviewProgress:
        sample, progress = running.sample, running.progress
        if sample is None:
            return self._judge_piece(running)
        if not sample.is_drawn:
            self._draw(sample)
        if not sample.is_drawn:
            return PreviewProgress(progress.step + 1, 0, 0, 0, progress.matched)
        contacts = [key for _, key in sample.drawn[progress.judged : progress.judged + JUDGED_AT_ONCE]]
        found = self._repository.get_many(contacts)
        people = [person for key, state in found.items() for person in self._seen(key, state)]
        is_done = progress.judged + len(contacts) >= len(sample.drawn)
        return self._counted(running, (sample.known, len(contacts)), people, is_done=is_done)

    def _draw(self, sample: _Sample) -> None:
        keys = self._states.keys_following(sample.after, KEYS_AT_ONCE)
        contacts = [key for key in keys if OF_NOBODY not in key]
        sample.known += len(contacts)
        sample.drawn = drawn_with(sample.drawn, contacts, -(-SAMPLE // self._builder.partitions))
        sample.is_drawn = len(keys) < KEYS_AT_ONCE
        sample.after = keys[-1] if keys else sample.after

    def _judge_piece(self, running: _Running) -> PreviewProgress:
        """Judge the next of everybody; how many there are is known once all are judged."""
        piece = self._states.following(running.after, JUDGED_AT_ONCE)
        contacts = [(key, state) for key, state in piece if OF_NOBODY not in key]
        people = [person for key, state in contacts for person in self._seen(key, state)]
        running.after = piece[-1][0] if piece else running.after
        is_done = len(piece) < JUDGED_AT_ONCE
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

    def _previews(self) -> _Previews:
        held: _Previews = self._states.memory.setdefault(_MEMORY, _Previews())
        return held

    def _record(self, key: bytes, said: PreviewRecord | None) -> Output:
        return work_record(self._builder.partition, key, None if said is None else write_preview(said))
