"""Judges people by segments while a chunk is folded, and tells what has changed.

Whoever is judged is judged at the later of two moments: the time that has come in the partition, and the latest append
time that the person's state has seen. Before something that was heard is looked at, what time alone or a new definition
has changed until then is told by itself, so that each entry and exit has its own cause.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from events.segments import RUN_BY_ITSELF, ChangeCause
from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.publication.change_events import FragmentStep
from streams.domain.contact.state import NEVER, Fact
from streams.domain.pressure import Policy
from streams.domain.segments.matching_plan import PersonReadings
from streams.domain.segments.memberships import (
    NO_MEMBERSHIPS,
    PersonMemberships,
    read_memberships,
    write_memberships,
)
from streams.domain.segments.person import Person, whole_person
from streams.engine.decoded_states import States
from streams.engine.writer import Output
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.segments.records import (
    DUE,
    SWEEP,
    Moment,
    Tick,
    change_record,
    count_record,
    gone_record,
    segments_record,
    work_record,
)
from streams.worker.agents.segments.registry import (
    Sweep,
    both,
    memberships_key,
    segment_registry_of,
)

READINGS = "segments"
"""The name under which a state object in memory holds what was read of it last, and by what (`epoch`)."""

Fragments: TypeAlias = Mapping[str, ContactState]
Change: TypeAlias = tuple[ChangeCause, list[str], list[str]]
"""The segments that somebody entered and left for one cause."""


class Why(NamedTuple):
    """Why a person is judged: the cause of what changes in these segments, None being all; in others it is `time`."""

    cause: ChangeCause
    segments: frozenset[str] | None = None


_TIME, _HEARD = Why("time"), Why("interaction")


class MembershipChanges:
    """What one chunk changes in segments. `outputs`: what is told of it; `causes`: how many changes, by cause.

    `appended_at`: when the chunk's records were appended (ms), of which counts are while no other time is known.
    """

    def __init__(self, states: States[ContactState], builder: RecordBuilder, policy: Policy) -> None:
        self._states = states
        self._builder = builder
        self.registry = segment_registry_of(states, policy)
        self.outputs: list[Output] = []
        self.causes: Counter[ChangeCause] = Counter()
        self._rows: dict[bytes, PersonMemberships | None] = {}
        self._latest = 0
        self.appended_at = 0
        if self.registry.policy is not policy:
            self.go_by(policy)

    def go_by(self, policy: Policy) -> None:
        """Judge by the definitions under a policy, and begin a backfill where they say something else than before."""
        if changed := self.registry.go_by(policy):
            self.sweep(tuple(sorted(changed)))

    def sweep(self, changed: tuple[str, ...] | None) -> None:
        """Judge everybody anew, now or once the backfill under way has ended; `changed`: None is a recount of all."""
        sweep = self.registry.sweep
        if not sweep.is_under_way:
            self._begin(Sweep(sweep.number + 1, changed=both(sweep.again, changed)))
        elif sweep.changed is None:  # a recount, which ends with what is defined when it does
            self.registry.sweeps(replace(sweep, again=None))
        else:
            self.registry.sweeps(replace(sweep, again=both(sweep.again, changed)))

    def recount(self) -> None:
        """Judge everybody anew since the tables are, once anything is defined."""
        sweep = self.registry.sweep
        if sweep.is_under_way or self.registry.definitions:
            self.sweep(None)
        else:
            self.registry.sweeps(replace(sweep, again=None))

    def end_sweep(self) -> None:
        """End the backfill under way: all that it was about is complete; begin the one that waits, if any."""
        registry, sweep = self.registry, self.registry.sweep
        for name, tally in list(registry.tallies.items()):
            if sweep.again is not None and name not in sweep.again:
                if tally.state == "withdrawn":
                    registry.tally(name, None)
                elif tally.state == "filling":
                    registry.tally(name, replace(tally, state="complete"))
        if sweep.again == ():
            registry.sweeps(Sweep(sweep.number))
        else:
            self._begin(Sweep(sweep.number + 1, changed=sweep.again))

    def heard(self, person: Person, before: ContactState, after: ContactState, applied: Iterable[Fact]) -> None:
        """Judge a person of one fragment after facts that were folded. The states: of the fragment."""
        registry, contact = self.registry, person.contact_id.encode()
        plan, at = registry.compiled.plan, max(registry.time.now, after.clock)
        held: tuple[object, PersonReadings] | None = before.__dict__.get(READINGS)
        if held is not None and held[0] is registry.epoch and at < held[1].due:
            was = held[1]
            found = plan.read_again(was, person, at, plan.stale(applied, person.known, before, after))
            after.__dict__[READINGS] = (held[0], found)
            if found.answer == was.answer and found.due >= was.due:
                return
            told = was.answer
        else:
            self._catch_up(contact, lambda: {person.contact_id: before}, Moment(at, before.version))
            found, told = plan.read(person, at), None
            after.__dict__[READINGS] = (registry.epoch, found)
        self._settle(contact, found, Moment(at, after.version), _HEARD, told)

    def stepped(self, step: FragmentStep, after: ContactState, parts_before: Callable[[], Fragments]) -> None:
        """Judge the person of a fragment after a step of any kind, or let go of who is shown no more.

        `after`: its state, as it is stored; `parts_before`: gives the parts that counted before.
        """
        registry, contact, place = self.registry, step.contact_id.encode(), place_of(after)
        if not registry.is_asked and (not registry.is_used or self._row(contact) is None):
            return
        at = max(registry.time.now, step.before.clock, after.clock, *(part.clock for part in step.parts.values()))
        was, moment = place_of(step.before), Moment(at, after.version)
        if was.roof is None:
            then = Moment(at, step.before.version)
            self._catch_up(contact, lambda: {step.contact_id: step.before, **parts_before()}, then)
        if place.roof is not None:
            self.let_go(contact, "merged", moment)
            return
        cause: ChangeCause = "link" if (was.roof, was.parts) != (None, place.parts) else "interaction"
        person = whole_person(step.contact_id, {step.contact_id: after, **step.parts})
        if person is not None:
            self._settle(contact, registry.compiled.plan.read(person, at), moment, Why(cause))
        else:
            self.let_go(contact, "erased" if place.shown == "erased" else cause, moment)

    def judge_anew(self, contact: bytes, fragments: Fragments, state: ContactState) -> None:
        """Judge somebody of whom nothing was heard, since time has come or segments have changed."""
        self._catch_up(contact, lambda: fragments, Moment(max(self.registry.time.now, state.clock), state.version))

    def lets_go_late(self, contact: bytes, state: ContactState) -> bool:
        """Let go of somebody who is shown no more, if memberships are left; whether they were.

        That is so where a worker of a version that knows no segments was told that somebody goes.
        """
        if self._row(contact) is None:
            return False
        place = place_of(state)
        cause: ChangeCause = "merged" if place.roof is not None else "recounted"
        moment = Moment(max(self.registry.time.now, state.clock), state.version)
        self.let_go(contact, "erased" if place.shown == "erased" else cause, moment)
        return True

    def tick(self, tick: Tick) -> None:
        """Note when it will be which time. Of several that wait the first one comes soonest, and the last is best."""
        time = self.registry.time
        waiting = (*time.ahead, (tick.end, tick.at))
        self.registry.keeps_time(replace(time, ahead=(*waiting[:1], *waiting[1:][-1:])))

    def reach(self, folded: int) -> None:
        """It is later, if `interactions` are folded so far; have those judged who are due."""
        registry, time = self.registry, self.registry.time
        ahead = [moment for moment in time.ahead if moment[0] > folded]
        if len(ahead) == len(time.ahead):
            return
        now = max(time.now, *(at for end, at in time.ahead if end <= folded))
        registry.keeps_time(replace(time, now=now, ahead=tuple(ahead)))
        if not time.is_firing:
            self.go_on_firing()

    def go_on_firing(self) -> None:
        """Write the record that has those judged who are due, if there are any."""
        registry = self.registry
        is_firing = registry.timers.is_due(registry.time.now)
        registry.keeps_time(replace(registry.time, is_firing=is_firing))
        if is_firing:
            self.outputs.append(work_record(self._builder.partition, DUE))

    def take_due(self, most: int) -> list[bytes]:
        """So many people who are due, each once. A timer that was set anew since counts no more."""
        found = self.registry.timers.take(self.registry.time.now, most)
        due = [contact for due, contact in found if (row := self._row(contact)) is not None and row.due == due]
        return list(dict.fromkeys(due))

    def let_go(self, contact: bytes, cause: ChangeCause, moment: Moment) -> None:
        """Forget the memberships of somebody who is shown under this id no more. An erasure names no segments."""
        row = self._row(contact)
        if row is None:
            return
        left = [self.registry.names[number][0] for number in row.before]
        if row.is_told:
            moment = moment._replace(version=self.registry.next_version())
            if left or cause == "erased":
                named = [] if cause == "erased" else left
                self._change(contact.decode(), cause, ((), named), moment)
            self.outputs.append(gone_record(self._builder, contact, moment))
        self._count(cause, (), left)
        self._latest = max(self._latest, moment.at)
        self._arm(contact, row.due, NEVER)
        self._put(contact, None)

    def close(self) -> dict[bytes, bytes | None]:
        """Tell how many are in each segment that has changed. Returns what is to be kept beside the states."""
        if not self._rows and not self.registry.is_changed:
            return {}
        at = max(self._latest, self.registry.time.now) or self.appended_at
        self.outputs += [count_record(self._builder, *counted, at) for counted in self.registry.counted.items()]
        rows = {
            memberships_key(contact): None if row is None else write_memberships(row)
            for contact, row in self._rows.items()
        }
        return {**self.registry.changes(), **rows}

    def _begin(self, sweep: Sweep) -> None:
        self.registry.sweeps(sweep)
        self.outputs.append(work_record(self._builder.partition, SWEEP, b"%d" % sweep.number))

    def _catch_up(self, contact: bytes, fragments: Callable[[], Fragments], moment: Moment) -> None:
        """Tell what time, or a definition that the backfill has not brought here yet, has changed for a person."""
        row, is_behind = self._row(contact), self.registry.is_behind(contact)
        if not is_behind and (row is None or row.due > moment.at):
            return
        person = whole_person(contact.decode(), fragments())
        if person is None:
            self.let_go(contact, "recounted", moment)
            return
        moment = moment._replace(at=max(moment.at, person.known.state.clock))
        why = _TIME
        if is_behind:
            changed = self.registry.swept
            why = Why("recounted" if changed is None else "defined", changed)
        self._settle(contact, self.registry.compiled.plan.read(person, moment.at), moment, why)

    def _settle(self, contact: bytes, found: PersonReadings, moment: Moment, why: Why, told: int | None = None) -> None:
        """Keep what was found of a person, and tell what of it is new. `told`: the answer that is told, if at hand."""
        registry = self.registry
        held = self._row(contact) or NO_MEMBERSHIPS
        due = self._armed(contact, held.due, found.due, moment.at)
        were = registry.answer(held.before) if told is None else told
        if were == found.answer and (told is not None or were.bit_count() == len(held.before)):
            if due != held.due:
                self._put(contact, replace(held, due=due) if held.is_told or due != NEVER else None)
            return
        entered = registry.compiled.plan.names(found.answer & ~were)
        gone = registry.ruled_out(held.before, found.answer) if told is None or were & ~found.answer else ()
        row = held.moved([*map(registry.number, entered)], gone, moment.at, due)
        self._put(contact, row)
        for cause, came, went in self._by_cause(entered, [registry.names[number][0] for number in gone], why):
            moment = Moment(moment.at, moment.profile, registry.next_version())
            self._count(cause, came, went)
            self._change(contact.decode(), cause, (came, went), moment)
        self.outputs.append(segments_record(self._builder, contact, registry.heads, row, moment))
        self._latest = max(self._latest, moment.at)

    def _by_cause(self, entered: list[str], left: list[str], why: Why) -> Iterable[Change]:
        """What somebody entered and left, by cause; mostly all of it has one."""
        segments, of = self.registry.compiled.segments, why.segments
        if (of is None or (of.issuperset(entered) and of.issuperset(left))) and segments.keys() >= {*left}:
            return [(why.cause, entered, left)]
        found: dict[ChangeCause, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for side, names in enumerate((entered, left)):
            for name in names:
                cause: ChangeCause = why.cause if of is None or name in of else "time"
                found[cause if name in segments else "withdrawn"][side].append(name)
        return [(cause, *found[cause]) for cause in sorted(found, key=_place_of)]

    def _change(
        self, contact_id: str, cause: ChangeCause, change: tuple[Collection[str], Collection[str]], moment: Moment
    ) -> None:
        self.causes[cause] += 1
        self.outputs.append(change_record(self._builder, contact_id, cause, change, moment))

    def _count(self, cause: ChangeCause, entered: Iterable[str], left: Iterable[str]) -> None:
        came = 0 if cause in RUN_BY_ITSELF else 1
        registry = self.registry
        for name in entered:
            registry.counts(name).come(came)
        for name in left:
            if name in registry.tallies:  # else somebody whom a version before this one has left behind
                registry.counts(name).go(came)

    def _armed(self, contact: bytes, armed: int, due: int, at: int) -> int:
        """Set the timer of a person anew where it is too late, or has come; when it is set to now."""
        if due < armed or armed <= at or due == NEVER:
            self._arm(contact, armed, due)
            return due
        return armed

    def _arm(self, contact: bytes, armed: int, due: int) -> None:
        if armed != NEVER:
            self.registry.timers.disarm(armed, contact)
        if due != NEVER:
            self.registry.timers.arm(due, contact)

    def _row(self, contact: bytes) -> PersonMemberships | None:
        if contact not in self._rows:
            value = self._states.beside(memberships_key(contact))
            if value is None:
                return None
            return read_memberships(value)
        return self._rows[contact]

    def _put(self, contact: bytes, row: PersonMemberships | None) -> None:
        self._rows[contact] = row


_BEFORE: tuple[ChangeCause, ...] = ("withdrawn", "defined", "recounted", "time")
"""Causes of what is told before what was heard; a person has only one other at a time."""


def _place_of(cause: ChangeCause) -> int:
    return _BEFORE.index(cause) if cause in _BEFORE else len(_BEFORE)
