"""Definitions that change, come and go: what is shown meanwhile and afterwards."""

import pytest

from events.json_types import JSON
from streams.domain.experiments.partials import PartitionEditions, RecountProgress, RelayedDefinition
from streams.worker.agents.experiments.unit_of_work import key_of_experiment
from tests.unit.worker.agents.experiments.aggregating_agent import Agent, assigned, people, told


def test_a_changed_definition_is_shown_once_all_partitions_stand_at_it(agent: Agent) -> None:
    before = people("A", 3)
    agent.take(*told(before))
    agent.tick()
    edition = agent.define(window="1d")
    agent.take(*told(people("A", 3, edition), but=before))
    agent.tell(PartitionEditions(0, {"ask": edition}))
    shown = agent.shown()
    assert (shown["status"], shown["definition"], assigned(shown)) == ("recounting", "", {"A": 3})

    agent.tell(PartitionEditions(1, {"ask": edition}))
    shown = agent.shown()
    assert (shown["status"], shown["definition"]) == ("running", edition)
    assert assigned(shown) == {"short": 0, "long": 0, "A": 3}
    assert shown["warnings"] == [
        "UNPLANNED VARIANT: A (3 people): not in the definition, so not in the check of the split"
    ]


def test_what_is_shown_stays_also_where_the_new_definition_counts_nobody(agent: Agent) -> None:
    """As where the people were assigned before it starts: they are taken away, and nobody comes."""
    agent.take(*told(people("A", 3)))
    agent.tick()
    edition = agent.define(start="2030-01-01T00:00:00Z")
    agent.take(*told(but=people("A", 2)))
    shown = agent.shown()
    assert (shown["status"], assigned(shown)) == ("recounting", {"A": 3})
    agent.take(*told(but=people("A", 1)))
    agent.stand_at(edition)
    shown = agent.shown()
    assert (shown["status"], assigned(shown)) == ("running", {"short": 0, "long": 0})


def test_a_definition_that_changes_nothing_of_how_people_are_counted_is_shown_at_once(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    agent.define(metrics=["voted"])
    shown = agent.shown()
    assert (shown["status"], shown["primary"]) == ("running", "voted")


def test_while_a_partition_counts_everybody_anew_all_results_say_so(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    agent.tell(RecountProgress(1))
    assert [each and each["status"] for each in agent.tick().values()] == ["recounting"]
    agent.tell(RecountProgress(1, is_done=True))
    assert [each and each["status"] for each in agent.tick().values()] == ["running"]


def test_an_experiment_that_nobody_defined_and_nobody_is_in_any_more_leaves_nothing(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    assert assigned(agent.shown()) == {"A": 3}
    agent.take(*told(but=people("A", 3)))
    assert agent.tick() == {"ask": None}
    assert agent._states.get(key_of_experiment("ask")) is None
    assert agent.tick() == {}


@pytest.mark.parametrize("changed", [{}, {"window": "1d"}])
def test_a_withdrawn_experiment_that_nobody_is_in_goes(agent: Agent, changed: dict[str, JSON]) -> None:
    agent.stand_at(agent.define(**changed))
    assert assigned(agent.shown()) == {"short": 0, "long": 0}
    agent.tell(RelayedDefinition("ask", None))
    if changed:  # until all partitions stand at the defaults it may be that somebody is counted in it
        agent.shown()
        agent.stand_at("")
    assert agent.tick() == {"ask": None}
    assert "ask" not in agent.done.board.lines
    assert agent.tick() == {}


def test_a_withdrawn_experiment_that_somebody_is_in_goes_on_by_the_defaults(agent: Agent) -> None:
    agent.define()
    agent.take(*told(people("short", 3)))
    agent.tick()
    agent.tell(RelayedDefinition("ask", None))
    shown = agent.shown()
    assert (shown["status"], assigned(shown), "not_checked" in shown["sample_ratio"]) == ("running", {"short": 3}, True)


def test_while_everybody_is_counted_anew_nothing_goes(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    agent.tick()
    agent.tell(RecountProgress(0))
    agent.take(*told(but=people("A", 3)))
    agent.shown()
    agent.take(*told(people("A", 3)))
    agent.tell(RecountProgress(0, is_done=True))
    assert assigned(agent.shown()) == {"A": 3}
