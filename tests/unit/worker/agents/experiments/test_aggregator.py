"""The aggregator of experiments."""

import orjson
import pytest

from events.experiment_results import ExperimentResult
from events.experiments.metrics import PLACE, THOUSANDTHS
from events.fields import MAX_AMOUNT
from events.json_types import JSON
from events.topics import EXPERIMENT_RESULTS
from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING, packed
from streams.domain.experiments import experiment_table
from streams.domain.experiments.counting_rules import DAY_MS
from streams.domain.experiments.definition_records import definition_record
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.partials import PartialCounts, PartitionEditions, RecountProgress, RelayedDefinition
from streams.domain.experiments.report.pages import page
from streams.domain.experiments.result_documents import FORGOTTEN
from streams.domain.experiments.row_layout import MOST_METRICS
from streams.worker.agents.experiments import aggregator, delta_log
from streams.worker.agents.experiments.unit_of_work import key_of_experiment
from streams.worker.agents.sinks.experiment_results import result_of
from tests.unit.domain.experiments.writing import defined
from tests.unit.engine.kafka_records import Fetched
from tests.unit.worker.agents.experiments.aggregating_agent import (
    NOW,
    TICK,
    TODAY,
    Agent,
    assigned,
    others,
    people,
    told,
)


def test_differences_are_logged_and_added_up_at_the_next_tick(agent: Agent) -> None:
    assert agent.take(*told(people("A", 3), people("B", 2, donated=1))).waits_since == NOW
    assert agent.take(*told(people("A", 1))).effects.outputs == []
    result = agent.shown()
    assert (assigned(result), result["status"]) == ({"A": 4, "B": 2}, "running")
    assert result["variants"]["B"]["metrics"]["donated"] == {"sum": 2, "mean": 1.0}
    assert agent.tick() == {}


def test_too_much_in_the_log_is_added_up_at_once_and_shown_at_the_next_tick(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aggregator, "MOST_BYTES", 10)
    assert agent.take(*told(people("A", 3))).waits_since is None
    assert assigned(agent.shown()) == {"A": 3}


def test_what_waits_is_known_to_the_next_owner(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    agent._states.forget()
    assert delta_log.delta_log_of(agent._states, -1).oldest == NOW
    assert assigned(agent.shown()) == {"A": 3}


def test_a_day_is_closed_once_its_window_is_over(agent: Agent) -> None:
    agent.take(*told(people("A", 3), people("B", 2, day=TODAY - 8)))
    first = agent.shown()
    assert [variant["closed"] for variant in first["variants"].values()] == [0, 2]
    agent.now += 8 * DAY_MS
    second = agent.shown()
    assert [variant["closed"] for variant in second["variants"].values()] == [3, 2]
    assert agent.tick() == {}


def test_no_amount_that_is_taken_in_is_too_large_for_a_result_and_for_who_reads_it(agent: Agent) -> None:
    huge = [Contribution("ask", "B", TODAY, values=((PLACE["net_amount"], 500_000, 500_000, MAX_AMOUNT),))] * 1_000
    agent.take(*told(people("A", 1_000), huge))
    done = agent.take(TICK)
    [written] = [each for each in done.effects.outputs if each.topic == EXPERIMENT_RESULTS]
    change = result_of(Fetched(1, written.value, written.key or b"", (), NOW))
    assert change is not None
    result: ExperimentResult = orjson.loads(change.value or b"")
    assert result["variants"]["B"]["metrics"]["net_amount"]["sum"] == 1_000 * MAX_AMOUNT
    assert page(result).parts


def test_sums_that_leave_64_bits_stop_nobody_and_are_right_again_once_who_made_them_up_is_gone(agent: Agent) -> None:
    raw = [0, PLACE["net_amount"], 0, 0, 0, 0, 0, 0, 2**62]
    agent.take(*told(people("A", 1, net_amount=5)))
    for _ in range(3):
        agent.tell(PartialCounts(ONE, [TODAY, 1, 0], raw))
        agent.tick()
    for _ in range(3):
        agent.tell(PartialCounts(ONE, [TODAY, -1, 0], [*raw[:-1], -(2**62)]))
    result = agent.shown()
    assert result["variants"]["A"]["metrics"]["net_amount"] == {"sum": 5, "mean": 5.0}


ONE = [("ask", "", "A")]


@pytest.mark.parametrize(
    "strange",
    [
        PartialCounts(ONE, [TODAY, 1]),
        PartialCounts(ONE, [TODAY, 2**63, 0]),
        PartialCounts(ONE, [TODAY, 1, 0], [5, 1, *[1] * 7]),
        PartialCounts(ONE, [TODAY, 1, 0], [-1, 1, *[1] * 7]),
        PartialCounts([*ONE, ("ask", "", "B")], [TODAY, 1, 0] * 2, [0, MOST_METRICS, *[1] * 7]),
        PartialCounts(ONE, [TODAY, 1, 0], (), [0, 128, 1]),
        PartialCounts(ONE, [TODAY, 1, 0], (), [0, 1, 1], [0, 1, MOST_METRICS, 1, 1]),
        PartialCounts(ONE, [TODAY, 1, 0], (), (), [0, 1, 1, 1, 1]),
    ],
)
def test_differences_that_cannot_be_added_up_are_left_out_and_stop_nobody(agent: Agent, strange: PartialCounts) -> None:
    agent.take(*told(people("A", 3)))
    agent.tell(strange)
    agent.take(*told(people("B", 2)))
    assert assigned(agent.shown()) == {"A": 3, "B": 2}
    assert agent.done.uncounted == 1


def test_what_says_nothing_is_passed_over(agent: Agent) -> None:
    done = agent.take(b"\xff", None, TICK)
    assert (sorted(done.refused), done.effects.outputs) == ([1, 2], [])


def test_opens_that_nobody_knows_any_more_are_no_nought_and_are_not_compared(agent: Agent) -> None:
    forgotten = tuple((PLACE[metric], 0, 0, -1) for metric in THOUSANDTHS)
    old = [[Contribution("ask", variant, TODAY - 900, values=forgotten) for _ in range(200)] for variant in "AB"]
    agent.take(*told(*old, people("A", 1, opened=700)))

    result = agent.shown()

    assert result["variants"]["A"]["metrics"]["opened"] == {"sum": 700, "mean": 700.0, "unknown": 200}
    assert result["variants"]["B"]["metrics"]["clicked"] == {"sum": 0, "mean": None, "unknown": 200}
    why = {each["metric"]: each["why"] for each in result["withheld"]}
    assert why["opened"] == why["clicked"] == FORGOTTEN
    assert "not known" in [cell for part in page(result).parts for row in part.rows for cell in row]


def test_a_few_of_whom_nobody_knows_it_keep_nobody_from_comparing(agent: Agent) -> None:
    forgotten = [Contribution("ask", "A", TODAY - 900, values=((PLACE["opened"], 0, 0, -1),))]
    readers = [people(variant, 250, opened=900) + people(variant, 250) for variant in "AB"]
    agent.take(*told(*readers, forgotten))

    result = agent.shown()

    assert result["variants"]["A"]["metrics"]["opened"] == {"sum": 225_000, "mean": 450.0, "unknown": 1}
    assert "opened" in {each["metric"] for each in result["comparisons"]}


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
