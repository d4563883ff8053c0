"""Handles records of `segment-work`: time, and steps of a backfill, each in the transaction of what it has done.

Time comes by ticks: a tick says of which moment everything lies before an offset of `interactions`, and once these are
folded so far, it is that moment in the partition. So time never overtakes what is still to be folded, and no worker's
clock has a say in it. Whoever is due then is judged, some people at a time.

A backfill goes through everybody of a partition, a piece of the table at a time, while everything else goes on. There
is one at a time; what is defined meanwhile waits for the next. Whoever is heard of meanwhile is judged by the
definitions of now in any case. Previews are in `previews.py`.
"""

from msgspec.structs import replace

from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting
from streams.domain.pressure import Policy
from streams.domain.segments.previews import PREVIEW
from streams.engine.decoded_states import States
from streams.engine.runs import Records
from streams.worker.agents.contacts.handler import ChunkHandler
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.segments.previews import PreviewSteps
from streams.worker.agents.segments.records import DUE, RECOUNT, SWEEP, TICK, read_tick, work_record
from streams.worker.agents.segments.sampling import OF_NOBODY

STATES_AT_ONCE = 250
DUE_AT_ONCE = 250


class SegmentWorkHandler(ChunkHandler):
    """Folds one chunk of `segment-work`."""

    def __init__(self, states: States[ContactState], builder: RecordBuilder, at_ms: int, policy: Policy) -> None:
        super().__init__(states, builder, at_ms, policy)
        self._previews = PreviewSteps(states, self.repository, builder, policy, lambda: self.segments.registry.time.now)

    def take(self, records: Records) -> None:
        """Do the steps that are asked for, and write the records for those after them."""
        self.segments.appended_at = max((record.timestamp for record in records), default=0)
        for record in records:
            if record.key == RECOUNT:
                self.segments.recount()
            elif record.key == SWEEP and self._is_next(record.value):
                self._sweep()
            elif record.key == TICK and (tick := read_tick(record.value)) is not None:
                self.segments.tick(tick)
            elif record.key == DUE:
                self._fire()
            elif record.key is not None and record.key.startswith(PREVIEW):
                self.segments.outputs += self._previews.take(record)
        self.close()

    def _is_next(self, number: bytes | None) -> bool:
        sweep = self.segments.registry.sweep
        return sweep.is_under_way and number == b"%d" % sweep.number

    def _sweep(self) -> None:
        registry = self.segments.registry
        piece = self.states.following(registry.sweep.after, STATES_AT_ONCE)
        for key, state in piece:
            if OF_NOBODY not in key:
                self._judge(key, state)
        if len(piece) < STATES_AT_ONCE:
            self.segments.end_sweep()
            return
        registry.sweeps(replace(registry.sweep, after=piece[-1][0]))
        self.segments.outputs.append(work_record(self.builder.partition, SWEEP, b"%d" % registry.sweep.number))

    def _fire(self) -> None:
        due = self.segments.take_due(DUE_AT_ONCE)
        for key, state in self.repository.get_many(due).items():
            self._judge(key, state)
        self.segments.go_on_firing()

    def _judge(self, key: bytes, state: ContactState) -> None:
        contact_id, place = key.decode(), place_of(state)
        if place.roof is None and place.shown == "profile":
            parts = counting(self.repository.parts(contact_id, state.place), place)
            self.segments.judge_anew(key, {contact_id: state, **parts}, state)
        elif self.segments.lets_go_late(key, state):
            self.effects.forgets = True
