"""A view of a person's state, derived once, for the profile and for alerts on what was taken last."""

from collections.abc import Sequence

from msgspec import Struct

from streams.domain.contact.compaction import ripe
from streams.domain.contact.facts.fact_index import FactIndex, index_facts
from streams.domain.contact.facts.retractions import live
from streams.domain.contact.sections.assignments import ExperimentAssignment, assigned
from streams.domain.contact.sections.bot_filter import humans
from streams.domain.contact.sections.messages import Touch
from streams.domain.contact.sections.touches import touches
from streams.domain.contact.state import ContactState, Fact
from streams.domain.contact.touch_horizon import pushed_by_reports
from streams.domain.human import Judged


class Overview(Struct, frozen=True):
    """Facts of a person that count, in order, and by kind (`found`); `touches`: all known ones, newest first.

    `acts`: the opens and clicks among them. `assigned`: to experiments, also by messages that have settled.
    """

    state: ContactState
    facts: Sequence[Fact]
    found: FactIndex
    touches: list[Touch]
    acts: Sequence[Judged] = ()
    assigned: Sequence[ExperimentAssignment] = ()


def overview(state: ContactState) -> Overview:
    """Of one fragment, or of a person (`merging.person`)."""
    state = ripe(state)
    facts = live(state.facts.values())
    found = index_facts(facts)
    settled = state.settled
    reached = touches(found, settled, _horizon(state, found))
    return Overview(state, facts, found, reached, humans(found, settled.echoes), assigned(found, settled))


def _horizon(state: ContactState, found: FactIndex) -> int:
    horizon = state.settled.horizon
    if len(found.counted) < len(state.facts):  # a report that pushed it may count no longer
        horizon = max(horizon, pushed_by_reports(state.facts.values(), state.clock))
    return horizon
