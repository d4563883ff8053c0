"""From records of `experiment-sweeps`: everybody of a partition is counted anew, a piece of the table at a time.

Whoever is folded meanwhile is counted by the rules of now in any case, so it does not matter on which side of the sweep
that happens.
"""

from collections.abc import Collection

from msgspec.structs import replace

from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting
from streams.domain.experiments.partials import RecountProgress, write_partial
from streams.engine.runs import Records
from streams.worker.agents.contacts.experiment_deltas import arms_of, standing, told
from streams.worker.agents.contacts.handler import Chunk
from streams.worker.agents.experiments.backfill_plan import RECOUNT, Step, begun, ended, read_step, step_record

STATES_AT_ONCE = 250
_OF_NOBODY = b"/"
"""In the keys of what roofs keep of others, and of traces."""


class Sweeping(Chunk):
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
        self._tell(RecountProgress(self.printer.partition))
        self.effects.outputs += begun(self.book, self.printer.partition, None)

    def _is_next(self, step: Step) -> bool:
        sweep = self.book.sweep
        return sweep is not None and sweep.is_under_way and sweep.number == step.number

    def _sweep(self, step: Step) -> None:
        sweep = self.book.sweep
        experiments = None if sweep is None or sweep.experiments is None else frozenset(sweep.experiments)
        piece = self.states.following(step.after, STATES_AT_ONCE)
        for key, state in piece:
            if _OF_NOBODY not in key:
                self._count_anew(key, state, experiments)
        if len(piece) == STATES_AT_ONCE:
            next_step = Step(step.number, piece[-1][0])
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
            self._tell(RecountProgress(partition, is_done=True))
            experiments = {*self.book.counted, *self.book.rules}
        if again is not None and (done := {each: self.book.edition(each) for each in experiments if each not in again}):
            self.effects.outputs += standing(partition, done)
        self.effects.outputs += ended(self.book, partition)

    def _tell(self, said: RecountProgress) -> None:
        self.effects.outputs.append(told(write_partial(said)))


def _is_in_any(experiments: Collection[str], fragments: Collection[ContactState], state: ContactState) -> bool:
    if any(name in experiments for name in state.given.experiments):
        return True
    return any(name in experiments for fragment in fragments for name in arms_of(fragment))
