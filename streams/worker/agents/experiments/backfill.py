"""Backfill: everybody of a partition is counted anew after a rule has changed, a piece of the table at a time.

There is one backfill at a time; what changes meanwhile waits for the next. It is driven by records that the partition
writes to itself (`experiment-sweeps`), each in the transaction of what it has done. Whoever is folded meanwhile is
counted by the rules of now in any case, so it does not matter on which side of the backfill that happens.
"""

from collections.abc import Collection, Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events.json_types import UNREADABLE
from events.topics import EXPERIMENT_SWEEPS
from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting
from streams.domain.experiments.partials import RecountProgress, write_partial
from streams.engine.runs import Records
from streams.engine.writer import Output
from streams.worker.agents.contacts.experiment_deltas import arms_of, edition_records, partial_record
from streams.worker.agents.contacts.handler import ChunkHandler
from streams.worker.agents.experiments.registry import Backfill, ExperimentRegistry

STATES_AT_ONCE = 250
RECOUNT = b"recount"
"""Key of a record of `experiment-sweeps` that begins a backfill of all experiments; it has no value."""
_OF_NOBODY = b"/"
"""In the keys of what canonical ids keep of their fragments, and of traces."""


class BackfillStep(Struct, frozen=True, array_like=True):
    """The next piece of a backfill: its number, and the key behind which states are counted anew."""

    number: int
    after: bytes = b""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(BackfillStep).decode


def read_step(value: bytes | None) -> BackfillStep | None:
    """The step in a record of `experiment-sweeps`; None where there is none that can be read."""
    try:
        return None if value is None else _decode(value)
    except UNREADABLE:
        return None


def step_record(partition: int, step: BackfillStep) -> Output:
    """The record of `experiment-sweeps` that has a step done."""
    return Output(EXPERIMENT_SWEEPS, partition, b"sweep", _encode(step))


def recount_record(partition: int) -> Output:
    """The record that has everybody of a partition counted anew."""
    return Output(EXPERIMENT_SWEEPS, partition, RECOUNT, b"")


def begin_backfill(registry: ExperimentRegistry, partition: int, experiments: Iterable[str] | None) -> list[Output]:
    """Begin a backfill of these experiments (None: all), now or once the one under way has ended."""
    sweep = registry.sweep
    wanted = None if experiments is None else tuple(sorted(experiments))
    if sweep is not None and sweep.is_under_way:
        registry.sweeps(Backfill(sweep.number, sweep.experiments, _both(sweep.waiting, wanted)))
        return []
    return _begun(registry, partition, Backfill(0 if sweep is None else sweep.number + 1, wanted))


def end_backfill(registry: ExperimentRegistry, partition: int) -> list[Output]:
    """End the backfill under way, and begin the one that waits, if any."""
    sweep = registry.sweep or Backfill(0, ())
    if sweep.waiting == ():
        registry.sweeps(Backfill(sweep.number, ()))
        return []
    return _begun(registry, partition, Backfill(sweep.number + 1, sweep.waiting))


def _begun(registry: ExperimentRegistry, partition: int, backfill: Backfill) -> list[Output]:
    registry.sweeps(backfill)
    return [step_record(partition, BackfillStep(backfill.number))]


def _both(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if one is None or other is None else tuple(sorted({*one, *other}))


class BackfillHandler(ChunkHandler):
    """Folds one chunk of `experiment-sweeps`."""

    def take(self, records: Records) -> None:
        """Do the next step of the backfill under way, and write the record for the one after it."""
        for record in records:
            if record.key == RECOUNT:
                self._recount()
            elif (step := read_step(record.value)) is not None and self._is_next(step):
                self._sweep(step)
        self.close()

    def _recount(self) -> None:
        self._tell(RecountProgress(self.builder.partition))
        self.effects.outputs += begin_backfill(self.registry, self.builder.partition, None)

    def _is_next(self, step: BackfillStep) -> bool:
        sweep = self.registry.sweep
        return sweep is not None and sweep.is_under_way and sweep.number == step.number

    def _sweep(self, step: BackfillStep) -> None:
        sweep = self.registry.sweep
        experiments = None if sweep is None or sweep.experiments is None else frozenset(sweep.experiments)
        piece = self.states.following(step.after, STATES_AT_ONCE)
        for key, state in piece:
            if _OF_NOBODY not in key:
                self._count_anew(key, state, experiments)
        if len(piece) == STATES_AT_ONCE:
            next_step = BackfillStep(step.number, piece[-1][0])
            self.effects.outputs.append(step_record(self.builder.partition, next_step))
        else:
            self._end(experiments)

    def _count_anew(self, key: bytes, state: ContactState, experiments: Collection[str] | None) -> None:
        contact_id, place = key.decode(), place_of(state)
        parts = counting(self.repository.parts(contact_id, state.place), place)
        fragments = {contact_id: state, **parts}
        if experiments is not None and not _is_in_any(experiments, fragments.values(), state):
            return
        given = self.experiments.of_all(contact_id, place, fragments, state)
        if given != state.given:
            self.repository.put(key, replace(state, given=given))

    def _end(self, experiments: Collection[str] | None) -> None:
        """Say which editions everybody is counted by now, but of experiments whose rule has changed again meanwhile."""
        partition, sweep = self.builder.partition, self.registry.sweep
        again = () if sweep is None else sweep.waiting
        if experiments is None:
            self._tell(RecountProgress(partition, is_done=True))
            experiments = {*self.registry.counted, *self.registry.rules}
        if again is not None and (
            done := {each: self.registry.edition(each) for each in experiments if each not in again}
        ):
            self.effects.outputs += edition_records(partition, done)
        self.effects.outputs += end_backfill(self.registry, partition)

    def _tell(self, said: RecountProgress) -> None:
        self.effects.outputs.append(partial_record(write_partial(said)))


def _is_in_any(experiments: Collection[str], fragments: Collection[ContactState], state: ContactState) -> bool:
    if any(name in experiments for name in state.given.experiments):
        return True
    return any(name in experiments for fragment in fragments for name in arms_of(fragment))
