"""What partitions tell of experiments is put aside and added up, whatever it is."""

import orjson
import pytest

from events.experiment_results import ExperimentResult
from events.experiments.metrics import PLACE, THOUSANDTHS
from events.fields import MAX_AMOUNT
from events.topics import EXPERIMENT_RESULTS
from streams.domain.contact.contribution import Contribution
from streams.domain.experiments.counting_rules import DAY_MS
from streams.domain.experiments.partials import PartialCounts
from streams.domain.experiments.report.pages import page
from streams.domain.experiments.result_documents import FORGOTTEN
from streams.domain.experiments.row_layout import MOST_METRICS
from streams.worker.agents.experiments import aggregator, delta_log
from streams.worker.agents.sinks.experiment_results import result_of
from tests.unit.engine.kafka_records import Fetched
from tests.unit.worker.agents.experiments.aggregating_agent import NOW, TICK, TODAY, Agent, assigned, people, told


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
