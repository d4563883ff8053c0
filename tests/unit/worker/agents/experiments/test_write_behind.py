"""Sums are written once in a while, and whoever has the partition next finds all of them as they were shown."""

import pytest

from events.experiment_results import ExperimentResult
from streams.domain.experiments import experiment_table
from streams.domain.experiments.experiment_table import Experiment
from streams.domain.experiments.partials import PartialCounts
from streams.domain.experiments.row_layout import N, row_of
from streams.worker.agents.experiments import aggregator, delta_log, write_behind
from streams.worker.agents.experiments.unit_of_work import key_of_experiment
from tests.unit.worker.agents.experiments.aggregating_agent import (
    TODAY,
    Agent,
    assigned,
    others,
    people,
    told,
)

LATER_MS = write_behind.SOONEST_MS + write_behind.SPREAD_MS
ASK = key_of_experiment("ask")


def aside(agent: Agent) -> int:
    return len(agent._states.beside_following(b"aside/", b"", 1_000))


def stored(agent: Agent) -> int:
    """How many people the store has in the experiment."""
    agent._states.forget()
    held = agent._states.get(ASK)
    assert isinstance(held, Experiment)
    return sum(int(row_of(day)[N]) for arm in held.totals[""].arms.values() for day in arm.days.values())


def begun(agent: Agent) -> Agent:
    """Three people are counted, and written, and two more counted."""
    agent.take(*told(people("A", 3)))
    agent.tick()
    agent.take(*told(people("A", 2)))
    assert assigned(agent.shown()) == {"A": 5}
    return agent


def next_due(agent: Agent) -> int:
    assert agent.done.next_due is not None
    return agent.done.next_due


def test_a_new_experiment_is_written_at_once_and_what_comes_to_it_later(agent: Agent) -> None:
    begun(agent)
    assert (aside(agent), next_due(agent) < agent.now + LATER_MS) == (1, True)
    agent.now += LATER_MS
    assert agent.tick() == {}
    assert (aside(agent), next_due(agent) > agent.now + LATER_MS) == (0, True)
    assert stored(agent) == 5


def test_what_goes_on_changing_is_written_again_and_again_and_what_does_not_is_not(agent: Agent) -> None:
    begun(agent)
    written = []
    for change in (0, 1, 0, 0, 1, 1):
        agent.take(*told(people("A", change)))
        agent.now += LATER_MS
        agent.tick()
        written.append((ASK in agent.done.effects.changes, aside(agent)))
    assert written == [(True, 0), (True, 0), (False, 0), (False, 0), (False, 1), (True, 0)]
    assert stored(agent) == 8


def test_a_changed_experiment_is_not_written_before_it_is_due(agent: Agent) -> None:
    begun(agent)
    agent.now += write_behind.SOONEST_MS - 1
    agent.take(*told(people("A", 1)))
    agent.tick()
    assert (stored(agent), aside(agent)) == (3, 2)


@pytest.mark.parametrize("at_once", [1, 10_000])
def test_the_next_owner_adds_to_what_is_stored_what_it_lacks_and_nothing_twice(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(delta_log, "_AT_ONCE", at_once)
    begun(agent)
    agent.take(*others(1))  # another one, of which the store has all that is aside
    agent.take(*told(people("B", 4), but=people("A", 1)))
    agent.tick()
    for _ in range(3):
        agent._states.forget()
        agent.take(*told(people("B", 1)))
        agent.take(*others(1))
        found = agent.tick()
    ask, other = found["ask"], found["other-0"]
    assert ask
    assert other
    assert (assigned(ask), assigned(other)) == ({"A": 4, "B": 7}, {"A": 4, "B": 4})


def test_what_there_was_no_room_for_is_not_added_once_there_is(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregator, "MAX_EXPERIMENTS", 1)
    begun(agent)
    agent.take(*others(1))
    agent.tick()
    assert aside(agent) == 2
    monkeypatch.setattr(aggregator, "MAX_EXPERIMENTS", 2)
    monkeypatch.setattr(experiment_table, "MAX_AT_ONCE", 1)
    agent.take(*told(people("A", 1)))
    agent.take(*others(1))
    assert agent.tick().keys() == {"ask"}
    agent._states.forget()
    assert assigned(agent.shown("other-0")) == {"A": 1, "B": 1}


def test_an_experiment_without_room_in_memory_is_written_at_once(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_behind, "MOST_BYTES", 500)
    begun(agent)
    assert (stored(agent), aside(agent)) == (5, 0)


def test_replayed_experiments_without_room_are_written_at_once(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(agent)
    agent._states.forget()
    monkeypatch.setattr(write_behind, "MOST_BYTES", 500)
    agent.take(*others(1))
    agent.tick()
    assert (stored(agent), aside(agent)) == (5, 0)


def test_too_much_in_the_delta_log_has_all_sums_written_at_once(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(agent)
    monkeypatch.setattr(aggregator, "MOST_LOGGED", 0)
    agent.take(*others(1))
    agent.tick()
    assert (stored(agent), aside(agent)) == (5, 0)


def test_moves_to_another_edition_survive_a_replay_in_pieces_that_end_between_them(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta_log, "_AT_ONCE", 1)
    begun(agent)
    anew = people("A", 1, "1b2c3d4e")
    agent.take(*told(anew, but=people("A", 1)))
    assert assigned(agent.shown()) == {"A": 5}
    agent.take(*told(but=anew), *told(anew))
    agent.tick()
    agent._states.forget()
    agent.take(*told(people("A", 1)))
    assert assigned(agent.shown()) == {"A": 5}


def test_moves_to_another_edition_are_known_to_the_next_owner_where_sums_are_rows(agent: Agent) -> None:
    """They go from one edition to the other in one record, so what is shown stops before it."""
    begun(agent)
    agent.take(*told(people("A", 1)))
    agent.tick()
    agent.take(*told(people("A", 4, "1b2c3d4e"), but=people("A", 4)))
    assert assigned(agent.shown()) == {"A": 6}


def test_whether_a_record_is_added_does_not_hang_on_what_it_is_added_with(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outcomes of a group of which no people are told are of nobody's making, also where others have some."""
    monkeypatch.setattr(delta_log, "_AT_ONCE", 1)
    begun(agent)
    of_others = PartialCounts([("other", "", "A")], (TODAY, 1, 0), (), (0, 5, 1), ())
    agent.tell(of_others, PartialCounts([("ask", "", "A")], (TODAY, 1, 0), (), (), (0, 5, 0, 1, 0)))
    agent.take(*told(people("A", 1)))
    assert assigned(agent.shown()) == {"A": 6}
    agent._states.forget()
    agent.take(*told(people("A", 1)))
    assert assigned(agent.shown()) == {"A": 7}


def p_of(result: ExperimentResult) -> float:
    [found] = [each for each in result["comparisons"] if each["metric"] == "donated"]
    return found["p_always_valid"]


def test_the_largest_evidence_so_far_is_known_to_the_next_owner(agent: Agent) -> None:
    givers = people("B", 300, donated=1)
    agent.take(*told(people("A", 900), people("A", 100, donated=1), people("B", 700)))
    agent.tick()
    agent.take(*told(givers))
    least = p_of(agent.shown())
    agent._states.forget()
    agent.take(*told(people("B", 200), but=people("B", 200, donated=1)))
    assert p_of(agent.shown()) == least < 1e-6


def test_the_next_owner_alerts_nobody_again(agent: Agent) -> None:
    agent.take(*told(people("A", 500), people("B", 500)))
    agent.tick()
    agent.take(*told(people("B", 40, unsubscribed=1)))
    agent.tick()
    assert len(agent.alerts()) == 1
    agent._states.forget()
    agent.take(*told(people("B", 1, unsubscribed=1)))
    agent.tick()
    assert agent.alerts() == []
