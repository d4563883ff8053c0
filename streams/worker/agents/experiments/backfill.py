"""Backfill: everybody of a partition is counted anew after a rule has changed, a piece of the table at a time.

There is one backfill at a time; what changes meanwhile waits for the next. It is driven by records that the partition
writes to itself (`experiment-sweeps`), each in the transaction of what it has done. Whoever is folded meanwhile is
counted by the rules of now in any case, so it does not matter on which side of the backfill that happens.
"""

from collections.abc import Collection, Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events.topics import EXPERIMENT_SWEEPS
from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting
from streams.domain.experiments.partials import Recounting, write_partial
from streams.engine.runs import Records
from streams.engine.writer import Output
from streams.worker.agents.contacts.experiment_deltas import arms_of, edition_records, partial_record
from streams.worker.agents.contacts.handler import ChunkHandler
from streams.worker.agents.experiments.registry import Backfill, ExperimentRegistry

STATES_AT_ONCE = 250
RECOUNT = b"recount"
"""Key of a record of `experiment-sweeps` that begins a sweep over all experiments; it has no value."""
_OF_NOBODY = b"/"
"""In the keys of what canonical ids keep of their fragments, and of traces."""


class BackfillStep(Struct, frozen=True, array_like=True):
    """The next piece of a sweep: of which one, and the states behind which key."""

    number: int
    after: bytes = b""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(BackfillStep).decode


def read_step(value: bytes | None) -> BackfillStep | None:
    """What a record says; None for one that says nothing."""
    try:
        return None if value is None else _decode(value)
    except (msgspec.DecodeError, RecursionError):
        return None


def step_record(partition: int, step: BackfillStep) -> Output:
    """The record that has the next piece done."""
    return Output(EXPERIMENT_SWEEPS, partition, b"sweep", _encode(step))


def recount_record(partition: int) -> Output:
    """The record that has everybody of a partition counted anew."""
    return Output(EXPERIMENT_SWEEPS, partition, RECOUNT, b"")


def begin_backfill(book: ExperimentRegistry, partition: int, experiments: Iterable[str] | None) -> list[Output]:
    """Have these counted anew (None: all): now, or once what is under way has ended."""
    sweep = book.sweep
    wanted = None if experiments is None else tuple(sorted(experiments))
    if sweep is not None and sweep.is_under_way:
        book.sweeps(Backfill(sweep.number, sweep.experiments, _both(sweep.waiting, wanted)))
        return []
    return _begun(book, partition, 0 if sweep is None else sweep.number + 1, wanted)


def end_backfill(book: ExperimentRegistry, partition: int) -> list[Output]:
    """Begin the sweep that waits, if one does."""
    sweep = book.sweep or Backfill(0, ())
    if sweep.waiting == ():
        book.sweeps(Backfill(sweep.number, ()))
        return []
    return _begun(book, partition, sweep.number + 1, sweep.waiting)


def _begun(book: ExperimentRegistry, partition: int, number: int, experiments: tuple[str, ...] | None) -> list[Output]:
    book.sweeps(Backfill(number, experiments))
    return [step_record(partition, BackfillStep(number))]


def _both(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if one is None or other is None else tuple(sorted({*one, *other}))


class BackfillHandler(ChunkHandler):
    """One chunk of `experiment-sweeps`."""

    def take(self, records: Records) -> None:
        """Do the next piece of the sweep that is under way; the record for the one after it comes in the same chunk."""
        for record in records:
            if record.key == RECOUNT:
                self._recount()
            elif (step := read_step(record.value)) is not None and self._is_next(step):
                self._sweep(step)
        self.close()

    def _recount(self) -> None:
        self._tell(Recounting(self.printer.partition))
        self.effects.outputs += begin_backfill(self.book, self.printer.partition, None)

    def _is_next(self, step: BackfillStep) -> bool:
        sweep = self.book.sweep
        return sweep is not None and sweep.is_under_way and sweep.number == step.number

    def _sweep(self, step: BackfillStep) -> None:
        sweep = self.book.sweep
        experiments = None if sweep is None or sweep.experiments is None else frozenset(sweep.experiments)
        piece = self.states.following(step.after, STATES_AT_ONCE)
        for key, state in piece:
            if _OF_NOBODY not in key:
                self._count_anew(key, state, experiments)
        if len(piece) == STATES_AT_ONCE:
            next_step = BackfillStep(step.number, piece[-1][0])
            self.effects.outputs.append(step_record(self.printer.partition, next_step))
        else:
            self._end(experiments)

    def _count_anew(self, key: bytes, state: ContactState, experiments: Collection[str] | None) -> None:
        contact_id, place = key.decode(), place_of(state)
        parts = counting(self.holding.parts(contact_id, state.place), place)
        fragments = {contact_id: state, **parts}
        if experiments is not None and not _is_in_any(experiments, fragments.values(), state):
            return
        given = self.experiments.of_all(contact_id, place, fragments, state)
        if given != state.given:
            self.holding.put(key, replace(state, given=given))

    def _end(self, experiments: Collection[str] | None) -> None:
        """What has changed again meanwhile is not said: some were counted before, some after that."""
        partition, sweep = self.printer.partition, self.book.sweep
        again = () if sweep is None else sweep.waiting
        if experiments is None:
            self._tell(Recounting(partition, is_done=True))
            experiments = {*self.book.counted, *self.book.rules}
        if again is not None and (done := {each: self.book.edition(each) for each in experiments if each not in again}):
            self.effects.outputs += edition_records(partition, done)
        self.effects.outputs += end_backfill(self.book, partition)

    def _tell(self, said: Recounting) -> None:
        self.effects.outputs.append(partial_record(write_partial(said)))


def _is_in_any(experiments: Collection[str], fragments: Collection[ContactState], state: ContactState) -> bool:
    if any(name in experiments for name in state.given.experiments):
        return True
    return any(name in experiments for fragment in fragments for name in arms_of(fragment))
