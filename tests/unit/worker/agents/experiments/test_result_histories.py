"""Histories of results, and what experiments found that have ended."""

from math import log

import pytest

from events.experiment_results import ExperimentResult
from events.times import render_time
from streams.domain.experiments import experiment_table
from streams.domain.experiments.counting_rules import DAY_MS
from streams.domain.experiments.experiment_table import IndexEntry
from streams.domain.experiments.partials import RecountProgress
from streams.worker.agents.experiments.result_publisher import history_keys
from tests.unit.worker.agents.experiments.aggregating_agent import (
    TODAY,
    Agent,
    is_broken,
    others,
    people,
    told,
)


def test_the_last_moment_of_the_history_is_the_result_that_carries_it(agent: Agent) -> None:
    for _ in range(20):
        agent.take(*told(people("A", 100), people("B", 60), people("B", 40, donated=1)))
        agent.now += 7_000
        result = agent.shown()
        [shown] = [each for each in result["comparisons"] if each["metric"] == "donated"]
        last = result["history"]["variants"]["B"][-1]
        assert (last["as_of"], last["people"]) == (result["as_of"], shown["people"])
        assert last["low"] == pytest.approx(shown["low"], rel=1e-5)
        assert 1 <= len(result["history"]["variants"]["B"]) <= 5


def test_a_history_begins_anew_with_another_primary_metric_and_goes_when_it_is_forgotten(agent: Agent) -> None:
    agent.take(*told(people("A", 100), people("B", 60), people("B", 40, donated=1, voted=1)))
    agent.tick()
    agent.now += 1_000
    agent.define(variants={"A": 1, "B": 1}, metrics=["voted"])
    shown = agent.shown()
    assert shown["history"]["metric"] == "voted"
    assert [each["as_of"] for each in shown["history"]["variants"]["B"]] == [shown["as_of"]]
    agent.now += experiment_table.FORGOTTEN_AFTER_MS + 1
    agent.tick()
    assert [agent._states.beside(key) for key in history_keys("ask")] == [None, None]


def is_discovery(result: ExperimentResult) -> bool:
    return any(each["discovery"] for each in result["comparisons"])


def restored(agent: Agent) -> ExperimentResult:
    """An experiment that ended long ago, as it is after everybody was counted anew."""
    agent.tell(RecountProgress(0))
    edition = agent.define(variants={"A": 1, "B": 1}, end=render_time((TODAY - 10) * DAY_MS))
    gave = people("B", 300, edition, day=TODAY - 12, donated=1)
    agent.take(*told(people("A", 900, edition, day=TODAY - 12), people("B", 600, edition, day=TODAY - 12), gave))
    agent.stand_at(edition)
    shown = agent.shown()
    assert (shown["status"], is_discovery(shown)) == ("recounting", False)
    agent.tell(RecountProgress(0, is_done=True))
    shown = agent.shown()
    assert shown["status"] == "ended"
    return shown


def test_what_an_experiment_found_that_has_ended_is_found_again_after_a_restore(agent: Agent) -> None:
    assert is_discovery(restored(agent))
    agent.take(*others(5))
    agent.tick()
    line = agent.done.board.lines["ask"]
    assert (line.log_e, line.found) == (None, ("B",))


def test_those_that_wait_for_their_turn_are_among_those_beside_which_a_discovery_stands_out() -> None:
    ended = IndexEntry(log_e=(("B", log(20.0)),), status="ended")
    waiting = {f"other-{number}": IndexEntry() for number in range(100)}
    assert experiment_table.discoveries_of({"ask": ended}) == {"ask": ("B",)}
    assert experiment_table.discoveries_of({"ask": ended, **waiting}) == {"ask": ()}


def test_while_everybody_is_counted_anew_nothing_is_found_for_good(agent: Agent) -> None:
    agent.tell(RecountProgress(0))
    agent.take(*told(people("A", 1_000), people("B", 1_000, day=TODAY - 8), people("A", 500, day=TODAY - 8, donated=1)))
    shown = agent.shown()
    assert not any(each["discovery"] for each in shown["comparisons"])
    agent.take(*told(people("B", 500, day=TODAY - 8, donated=1)))
    agent.tell(RecountProgress(0, is_done=True))
    shown = agent.shown()
    assert not is_broken(shown)
    assert agent.alerts() == []
