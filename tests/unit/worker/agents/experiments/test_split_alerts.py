"""Whether people were assigned as planned: what is told of it, and of whom nobody planned anything."""

from tests.unit.worker.agents.experiments.aggregating_agent import Agent, is_broken, people, told


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
