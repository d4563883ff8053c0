"""Whom there is room for, whose turn it is, and who is forgotten."""

import pytest

from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.experiments import experiment_table
from streams.domain.experiments.definition_records import definition_record
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.partials import RelayedDefinition
from streams.worker.agents.experiments import aggregator
from tests.unit.domain.experiments.writing import defined
from tests.unit.worker.agents.experiments.aggregating_agent import TODAY, Agent, assigned, others, people, told


def test_who_makes_up_experiments_finds_no_room(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregator, "MAX_EXPERIMENTS", 3)
    columns = DeltaColumns()
    columns.replace(NOTHING, packed(Contribution(f"e{number}", "A", TODAY) for number in range(5)))
    agent.take(*columns.records())
    assert len(agent.tick()) == 3
    assert agent.done.uncounted == 2


def test_a_defined_experiment_has_room_also_where_others_that_nobody_defined_fill_the_board(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aggregator, "MAX_EXPERIMENTS", 3)
    agent.take(*others(5))
    agent.tick()
    agent.take(*told(people("A", 3)))
    assert agent.tick() == {}
    agent.define(variants={"A": 1, "B": 1})
    agent.take(*told(people("A", 3)))
    assert assigned(agent.shown()) == {"A": 3, "B": 0}
    agent.now += experiment_table.FORGOTTEN_AFTER_MS + 1
    agent.tick()
    agent.take(*others(3))
    agent.take(*told(people("A", 1)))
    assert assigned(agent.shown()) == {"A": 4, "B": 0}


def test_there_is_an_end_to_defined_experiments_too(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregator, "MAX_EXPERIMENTS", 2)
    for number in range(5):
        name = f"e{number}"
        agent.tell(RelayedDefinition(name, definition_record(defined(name))[1]))
    assert len(agent.tick()) == 4


def test_so_many_at_a_time_are_looked_at_those_first_that_have_waited_longest(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment_table, "MAX_AT_ONCE", 2)
    columns = DeltaColumns()
    columns.replace(NOTHING, packed(Contribution(f"e{number}", "A", TODAY) for number in range(5)))
    agent.take(*columns.records())
    assert [len(agent.tick()) for _ in range(4)] == [2, 2, 1, 0]


def test_what_nobody_has_heard_of_for_long_is_forgotten(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    agent.tick()
    agent.now += experiment_table.FORGOTTEN_AFTER_MS + 1
    assert agent.tick() == {"ask": None}
    assert agent.tick() == {}


def test_what_was_forgotten_goes_on_with_its_sums_once_anybody_is_taken_away(agent: Agent) -> None:
    gone = people("A", 1, donated=1)
    agent.define(metrics=["voted"])
    agent.take(*told(gone, people("A", 2)))
    agent.tick()
    agent.now += experiment_table.FORGOTTEN_AFTER_MS + 1
    agent.tick()
    agent.take(*told(but=gone))
    shown = agent.shown()
    assert (assigned(shown)["A"], shown["primary"]) == (2, "voted")


def test_nobody_left_on_balance_where_some_were_never_counted_stops_nobody(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was turned away is taken from the sums all the same, once there is room."""
    monkeypatch.setattr(aggregator, "MAX_EXPERIMENTS", 1)
    agent.take(*others(1))
    agent.take(*told(people("A", 2)))
    agent.tick()
    monkeypatch.setattr(aggregator, "MAX_EXPERIMENTS", 2)
    agent.take(*told(people("B", 1), but=people("A", 1)))
    result = agent.shown()
    assert assigned(result) == {"A": -1, "B": 1}
    assert [each.partition(":")[0] for each in result.get("warnings", [])] == ["NOT DEFINED"]
