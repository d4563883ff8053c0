"""Whatever is written when, and whoever has the partition next: all is told that would be, were it written at once."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.experiments import experiment_table, row_table
from streams.domain.experiments.definition_records import definition_record, rule_of
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.experiment_table import ExperimentIndex
from streams.domain.experiments.partials import (
    PartialCounts,
    PartitionEditions,
    RecountProgress,
    RelayedDefinition,
    write_partial,
)
from streams.domain.experiments.row_table import RowTable
from streams.engine.writer import Output
from streams.worker.agents.experiments import aggregator, delta_log, write_behind
from streams.worker.agents.experiments.aggregator import ExperimentAggregator
from tests.budgets import costly
from tests.unit.domain.experiments.writing import defined
from tests.unit.engine.kafka_records import Fetched
from tests.unit.worker.agents.experiments.aggregating_agent import PARTITIONS, TICK, TODAY, Agent

NAMES = ("x", "y", "z")
DEFINITIONS = [None, defined("x", window="60d"), defined("x", metrics=["voted"]), defined("x", unit="household")]
EDITIONS = sorted({rule_of(each).edition for each in DEFINITIONS})
PEOPLE = st.builds(
    Contribution,
    st.sampled_from(NAMES),
    st.sampled_from("ABC"),
    st.sampled_from([TODAY, TODAY + 1]),
    st.sampled_from(["", "", *EDITIONS]),
    group=st.sampled_from([-1, -1, -1, 5]),
    values=st.sampled_from([(), ((0, 1, 0, 1),), ((8, 1, 0, 1),)]),
)
STRANGE = [
    PartialCounts([("x", "", "A")], (TODAY, 1)),
    PartialCounts([("y", "", "A")], (TODAY, 1, 0), (), (), (0, 3, 1, 1, 1)),
]
OTHERS = st.one_of(
    st.builds(
        lambda name, each: RelayedDefinition(name, None if each is None else definition_record(each)[1]),
        st.sampled_from(NAMES),
        st.sampled_from(DEFINITIONS),
    ),
    st.builds(
        lambda number, name, edition: PartitionEditions(number, {name: edition}),
        st.integers(0, PARTITIONS - 1),
        st.sampled_from(NAMES),
        st.sampled_from(EDITIONS),
    ),
    st.builds(RecountProgress, st.integers(0, PARTITIONS - 1), st.booleans()),
    st.sampled_from(STRANGE),
).map(write_partial)


def what_is_told(data: st.DataObject, people: list[Contribution]) -> list[bytes]:
    """Of people who come, and of some who were there and go, in one record or each in its own."""
    more = data.draw(st.lists(PEOPLE, min_size=1, max_size=4))
    gone = data.draw(st.lists(st.integers(0, len(people) - 1), unique=True)) if people else []
    steps = [(packed([people[place]]), NOTHING) for place in gone] + [(NOTHING, packed([each])) for each in more]
    people[:] = [each for place, each in enumerate(people) if place not in gone] + more
    found: list[bytes] = []
    columns = DeltaColumns()
    for before, after in steps:
        columns.replace(before, after)
        if data.draw(st.booleans()):
            found += columns.records()
            columns = DeltaColumns()
    found += [*columns.records(), *data.draw(st.lists(OTHERS, max_size=2))]
    return [*found, TICK] if data.draw(st.integers(0, 3)) else found


def fails(agent: Agent, values: list[bytes]) -> None:
    """The chunk is folded, its transaction comes to nothing."""
    records = [Fetched(agent._offset + 1 + at, value, b"", (), agent.now) for at, value in enumerate(values)]
    ExperimentAggregator(agent._states, PARTITIONS).take(records)
    agent._states.forget()


def told(agent: Agent) -> dict[tuple[str, bytes | None], list[Output]]:
    assert agent.last is not None
    found: dict[tuple[str, bytes | None], list[Output]] = {}
    for each in agent.last.effects.outputs:
        found.setdefault((each.topic, each.key), []).append(each)
    return found


def beside(agent: Agent) -> list[tuple[bytes, bytes]]:
    """The histories."""
    return [each for prefix in (b"history/", b"moment/") for each in agent._states.all_beside(prefix)]


def lines(agent: Agent) -> object:
    """When a day closes that nobody is left in is another matter."""
    held = agent._states.get(b"board")
    assert held is None or isinstance(held, ExperimentIndex)
    return held and {name: (each.heard, each.log_e, each.found, each.changed) for name, each in held.lines.items()}


@contextmanager
def all_at_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write_behind, "MOST_BYTES", -1)
        patch.setattr(RowTable, "take", lambda *_: False)
        yield


@contextmanager
def small(data: st.DataObject) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_table, "_LEAST", 4)
        patch.setattr(row_table, "MOST", data.draw(st.sampled_from([16, 64])))
        patch.setattr(aggregator, "MAX_EXPERIMENTS", data.draw(st.sampled_from([2, 10])))
        patch.setattr(aggregator, "MOST_BYTES", data.draw(st.sampled_from([100, 1 << 20])))
        patch.setattr(aggregator, "MOST_LOGGED", data.draw(st.sampled_from([300, 1 << 20])))
        patch.setattr(delta_log, "_AT_ONCE", data.draw(st.sampled_from([1, 1 << 20])))
        patch.setattr(write_behind, "MOST_BYTES", data.draw(st.sampled_from([600, 2_000, 1 << 20])))
        patch.setattr(write_behind, "SOONEST_MS", 3_000)
        patch.setattr(write_behind, "SPREAD_MS", 4_000)
        patch.setattr(experiment_table, "MAX_AT_ONCE", data.draw(st.sampled_from([1, 100])))
        patch.setattr(experiment_table, "FORGOTTEN_AFTER_MS", 60_000)
        yield


@settings(costly, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_all_is_told_that_would_be_were_it_written_at_once(data: st.DataObject) -> None:
    later, at_once = Agent(), Agent()
    people: list[Contribution] = []
    with small(data):
        for _ in range(data.draw(st.integers(4, 14))):
            values = what_is_told(data, people) or [TICK]
            later.now = at_once.now = later.now + data.draw(st.sampled_from([0, 1_000, 5_000, 61_000]))
            match data.draw(st.sampled_from(["goes on", "goes on", "fails", "begins again"])):
                case "fails":
                    fails(later, values)
                case "begins again":
                    later._states.forget()
            done = later.take(*values)
            with all_at_once():
                expected = at_once.take(*values)
            assert told(later) == told(at_once)
            assert (done.uncounted, done.alerts) == (expected.uncounted, expected.alerts)
            assert (beside(later), lines(later)) == (beside(at_once), lines(at_once))
    event(f"as rows: {len(done._work.rows)}")
