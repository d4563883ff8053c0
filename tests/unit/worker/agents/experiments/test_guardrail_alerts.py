"""Harm while it goes out: by itself, beside all other experiments, and where nothing can be known."""

import pytest

from events.experiment_results import ExperimentResult
from streams.domain.experiments import experiment_table
from tests.unit.worker.agents.experiments.aggregating_agent import Agent, others, people, told


def test_a_guardrail_is_told_of_while_it_goes_out(agent: Agent) -> None:
    agent.take(*told(people("A", 500), people("B", 460), people("B", 40, unsubscribed=1)))
    result = agent.shown()
    assert [(each["metric"], each["breached"]) for each in result["guardrails"]] == [
        ("unsubscribed", True),
        ("complained", False),
    ]
    [alert] = agent.alerts()
    assert alert["rule"] == "experiment_guardrail"


@pytest.mark.parametrize(
    ("assigned_to_each", "left", "known"), [(10, 1, False), (1_000, 0, False), (1_000, 2, True), (10, 10, True)]
)
def test_of_few_people_or_without_any_harm_nothing_is_known_of_a_guardrail(
    agent: Agent, assigned_to_each: int, left: int, *, known: bool
) -> None:
    here = people("B", assigned_to_each - left)
    agent.take(*told(people("A", assigned_to_each), here, people("B", left, unsubscribed=1)))
    shown = agent.shown()
    [found] = [each for each in shown["guardrails"] if each["metric"] == "unsubscribed"]
    assert (found["known"], found["breached"]) == (known, left == 10)


def alerted(result: ExperimentResult) -> list[tuple[str, bool, bool]]:
    return [(each["metric"], each["breached"], each["alerted"]) for each in result["guardrails"]]


def test_what_may_be_chance_among_many_experiments_is_breached_and_told_to_nobody(agent: Agent) -> None:
    agent.take(*others(20))
    agent.tick()
    agent.take(*told(people("A", 500), people("B", 489), people("B", 11, unsubscribed=1)))
    assert alerted(agent.shown()) == [("unsubscribed", True, False), ("complained", False, False)]
    assert agent.alerts() == []
    agent.take(*told(people("B", 20, unsubscribed=1)))
    assert alerted(agent.shown()) == [("unsubscribed", True, True), ("complained", False, False)]
    [alert] = agent.alerts()
    assert alert["rule"] == "experiment_guardrail"


def test_what_is_told_of_an_experiment_alone_takes_no_more_than_its_own_guardrails(agent: Agent) -> None:
    agent.take(*told(people("A", 500), people("B", 489), people("B", 11, unsubscribed=1)))
    assert alerted(agent.shown())[0] == ("unsubscribed", True, True)


def test_those_that_were_not_looked_at_yet_count_as_well(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restore, when thousands wait for their turn."""
    monkeypatch.setattr(experiment_table, "MAX_AT_ONCE", 1)
    agent.take(*told(people("A", 500), people("B", 489), people("B", 11, unsubscribed=1)))
    agent.take(*others(20))
    assert alerted(agent.shown())[0] == ("unsubscribed", True, False)
