"""Alerts of experiments."""

import pytest

from events.experiment_results import ExperimentResult
from streams.domain.experiments import experiment_table
from tests.unit.worker.agents.experiments.aggregating_agent import Agent, is_broken, others, people, told


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


def test_a_broken_split_is_told_of_once(agent: Agent) -> None:
    agent.define(variants={"A": 1, "B": 1})
    agent.take(*told(people("A", 900), people("B", 100)))
    agent.tick()
    [alert] = agent.alerts()
    assert (alert["rule"], alert["subject"]) == ("experiment_split_broken", "ask")
    agent.take(*told(people("A", 9)))
    agent.tick()
    assert agent.alerts() == []


def test_a_split_that_was_planned_wrongly_is_tested_anew_once_the_plan_is_corrected(agent: Agent) -> None:
    for variants, broken in (({"A": 1, "B": 1}, True), ({"A": 9, "B": 1}, False), ({"A": 1, "B": 9}, True)):
        agent.define(variants=variants)
        agent.take(*told(people("A", 900), people("B", 100)))
        assert is_broken(agent.shown()) is broken
        assert len(agent.alerts()) == broken


def test_a_misspelt_variant_breaks_no_split_that_nobody_planned(agent: Agent) -> None:
    agent.take(*told(people("A", 1_000), people("B", 1_000), people("b", 1)))
    result = agent.shown()
    assert result["sample_ratio"] == {
        "p_always_valid": 1.0,
        "broken": False,
        "not_checked": "nobody has defined the experiment, so no parts are planned",
    }
    [warning] = result["warnings"]
    assert warning == (
        "SPLIT NOT CHECKED: nobody has defined the experiment, so no parts are planned. People are in A 49.98 %, "
        "B 49.98 %, b 0.05 %: if that is not as you meant it, trust no difference. Say what is planned with "
        "`harmonia experiments define`, and everybody so far is checked as well"
    )
    assert agent.alerts() == []


def test_who_is_already_there_is_checked_once_the_experiment_is_defined(agent: Agent) -> None:
    agent.take(*told(people("A", 900), people("B", 100)))
    assert not is_broken(agent.shown())
    agent.define(variants={"A": 1, "B": 1})
    assert is_broken(agent.shown())
    assert [alert["rule"] for alert in agent.alerts()] == ["experiment_split_broken"]


def test_one_variant_alone_has_no_split_and_may_be_a_misspelt_id(agent: Agent) -> None:
    agent.take(*told(people("A", 1_000)))
    result = agent.shown()
    [warning] = result.get("warnings", [])
    assert warning.startswith(
        "NOT DEFINED: nobody has defined the experiment, and all who are in it are in one variant"
    )
    agent.define(variants={"A": 1, "B": 1})
    result = agent.shown()
    assert "warnings" not in result


def test_a_split_that_differs_by_stratum_is_not_checked(agent: Agent) -> None:
    by_state = {"column": "state", "splits": {"NY": {"A": 9, "B": 1}}}
    agent.define(variants={"A": 1, "B": 1}, strata=by_state)
    agent.take(*told(people("A", 900), people("B", 100)))
    result = agent.shown()
    assert result["sample_ratio"]["not_checked"] == "some strata have a split of their own, so there is none for all"
    [warning] = result["warnings"]
    assert warning.startswith("SPLIT NOT CHECKED: some strata")
