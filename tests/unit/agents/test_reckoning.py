"""What one place makes of what partitions tell of experiments."""

from collections.abc import Mapping
from math import log

import orjson
import pytest

from events.experiment_results import ExperimentResult
from events.fields import MAX_AMOUNT
from events.json_types import JSON
from events.times import render_time
from events.topics import EXPERIMENT_RESULTS, SYSTEM_ALERTS
from streams.agents import aside, reckoning
from streams.agents.experiment_results import result_of
from streams.agents.publishing import history_keys
from streams.agents.reckoning import Reckoning
from streams.engine.states import BESIDE, Codec, Recent, States
from streams.engine.store import MemoryStore, Position
from streams.experiments import board, kept
from streams.experiments.columns import Columns
from streams.experiments.defined import definition_record, rule_of
from streams.experiments.given import Given
from streams.experiments.kept import Kept, Line
from streams.experiments.metrics import METRICS, PLACE
from streams.experiments.partials import Counted, Defined, Partial, Recounting, Stands, Tick, write_partial
from streams.experiments.rules import DAY_MS
from streams.experiments.shown.pages import page
from tests.unit.engine.kafka_records import Fetched
from tests.unit.experiments.writing import defined

TODAY = 20_000
NOW = TODAY * DAY_MS + 1_000
PARTITIONS = 2
TICK = write_partial(Tick())


class Agent:
    """On a store in memory; `outputs`: what its last chunk wrote."""

    def __init__(self) -> None:
        self._states: States[Kept] = States(MemoryStore(), Codec(kept.encode, kept.decode), Recent(1 << 20))
        self._offset = 0
        self.now = NOW
        self.last: Reckoning | None = None

    def take(self, *values: bytes | None) -> Reckoning:
        records = []
        for value in values:
            self._offset += 1
            records.append(Fetched(self._offset, value, b"", (), self.now))
        done = self.last = Reckoning(self._states, PARTITIONS)
        done.take(records)
        changes = done.effects.changes
        encoded = {key: None if each is None else kept.encode(each) for key, each in changes.items()}
        encoded |= {BESIDE + key: each for key, each in done.effects.beside.items()}
        self._states.commit(changes, encoded, Position("topic", 1, 0))
        return done

    def tell(self, *partials: Partial) -> Reckoning:
        return self.take(*map(write_partial, partials))

    def tick(self) -> dict[str, ExperimentResult | None]:
        """The results that are written."""
        done = self.take(TICK)
        return {
            (each.key or b"").decode(): None if each.value is None else orjson.loads(each.value)
            for each in done.effects.outputs
            if each.topic == EXPERIMENT_RESULTS
        }

    @property
    def lines(self) -> Mapping[str, Line]:
        assert self.last is not None
        return self.last.board.lines

    def alerts(self) -> list[dict[str, JSON]]:
        assert self.last is not None
        return [orjson.loads(each.value or b"") for each in self.last.effects.outputs if each.topic == SYSTEM_ALERTS]


@pytest.fixture
def agent() -> Agent:
    return Agent()


def people(variant: str, count: int, edition: str = "", day: int = TODAY, **metrics: int) -> list[Given]:
    values = tuple((PLACE[name], each, 0, each) for name, each in metrics.items())  # type: ignore[index]
    return [Given("ask", variant, day, edition, values=values) for _ in range(count)]


def told(*groups: list[Given], but: list[Given] | None = None) -> list[bytes]:
    """Each of them is one person's only experiment; `but`: these are counted no more."""
    columns = Columns()
    for given in [each for group in groups for each in group]:
        columns.replace((), (given,))
    for given in but or []:
        columns.replace((given,), ())
    return list(columns.records())


def assigned(result: ExperimentResult | None) -> Mapping[str, int]:
    assert result is not None
    return {name: variant["assigned"] for name, variant in result["variants"].items()}


def test_what_comes_is_put_aside_and_added_up_at_the_next_tick(agent: Agent) -> None:
    assert agent.take(*told(people("A", 3), people("B", 2, donated=1))).waits_since == NOW
    assert agent.take(*told(people("A", 1))).effects.outputs == []
    result = agent.tick()["ask"]
    assert result is not None
    assert (assigned(result), result["status"]) == ({"A": 4, "B": 2}, "running")
    assert result["variants"]["B"]["metrics"]["donated"] == {"sum": 2, "mean": 1.0}
    assert agent.tick() == {}


def test_the_last_moment_of_the_history_is_the_result_that_carries_it(agent: Agent) -> None:
    for _ in range(20):
        agent.take(*told(people("A", 100), people("B", 60), people("B", 40, donated=1)))
        agent.now += 7_000
        result = agent.tick()["ask"]
        assert result is not None
        [shown] = [each for each in result["comparisons"] if each["metric"] == "donated"]
        last = result["history"]["variants"]["B"][-1]
        assert (last["as_of"], last["people"]) == (result["as_of"], shown["people"])
        assert last["low"] == pytest.approx(shown["low"], rel=1e-5)
        assert 1 <= len(result["history"]["variants"]["B"]) <= 5


def test_a_history_begins_anew_with_another_primary_metric_and_goes_when_it_is_forgotten(agent: Agent) -> None:
    agent.take(*told(people("A", 100), people("B", 60), people("B", 40, donated=1, voted=1)))
    agent.tick()
    agent.now += 1_000
    agent.tell(Defined("ask", definition_record(defined("ask", variants={"A": 1, "B": 1}, metrics=["voted"]))[1]))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert shown["history"]["metric"] == "voted"
    assert [each["as_of"] for each in shown["history"]["variants"]["B"]] == [shown["as_of"]]
    agent.now += board.FORGOTTEN_AFTER_MS + 1
    agent.tick()
    assert [agent._states.beside(key) for key in history_keys("ask")] == [None, None]


def is_discovery(result: ExperimentResult | None) -> bool:
    assert result is not None
    return any(each["discovery"] for each in result["comparisons"])


def restored(agent: Agent) -> ExperimentResult:
    """An experiment that ended long ago, as it is after everybody was counted anew."""
    agent.tell(Recounting(0))
    definition = defined("ask", variants={"A": 1, "B": 1}, end=render_time((TODAY - 10) * DAY_MS))
    edition = rule_of(definition).edition
    agent.tell(Defined("ask", definition_record(definition)[1]))
    gave = people("B", 300, edition, day=TODAY - 12, donated=1)
    agent.take(*told(people("A", 900, edition, day=TODAY - 12), people("B", 600, edition, day=TODAY - 12), gave))
    agent.tell(*(Stands(number, {"ask": edition}) for number in range(PARTITIONS)))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert (shown["status"], is_discovery(shown)) == ("recounting", False)
    agent.tell(Recounting(0, is_done=True))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert shown["status"] == "ended"
    return shown


def test_what_an_experiment_found_that_has_ended_is_found_again_after_a_restore(agent: Agent) -> None:
    assert is_discovery(restored(agent))
    agent.take(*others(5))
    agent.tick()
    assert agent.last is not None
    line = agent.last.board.lines["ask"]
    assert (line.log_e, line.found) == (None, ("B",))


def test_those_that_wait_for_their_turn_are_among_those_beside_which_a_discovery_stands_out() -> None:
    ended = Line(log_e=(("B", log(20.0)),), status="ended")
    waiting = {f"other-{number}": Line() for number in range(100)}
    assert board.found_by({"ask": ended}) == {"ask": ("B",)}
    assert board.found_by({"ask": ended, **waiting}) == {"ask": ()}


def test_too_much_to_put_aside_is_added_up_at_once_and_shown_at_the_next_tick(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reckoning, "MOST_BYTES", 10)
    assert agent.take(*told(people("A", 3))).waits_since is None
    assert assigned(agent.tick()["ask"]) == {"A": 3}


def test_what_waits_is_known_to_the_next_owner(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    agent._states.forget()
    assert aside.aside_of(agent._states).oldest == NOW
    assert assigned(agent.tick()["ask"]) == {"A": 3}


def test_a_day_is_closed_once_its_window_is_over(agent: Agent) -> None:
    agent.take(*told(people("A", 3), people("B", 2, day=TODAY - 8)))
    first = agent.tick()["ask"]
    assert first is not None
    assert [variant["closed"] for variant in first["variants"].values()] == [0, 2]
    agent.now += 8 * DAY_MS
    second = agent.tick()["ask"]
    assert second is not None
    assert [variant["closed"] for variant in second["variants"].values()] == [3, 2]
    assert agent.tick() == {}


def test_a_broken_split_is_told_of_once(agent: Agent) -> None:
    agent.tell(Defined("ask", definition_record(defined("ask", variants={"A": 1, "B": 1}))[1]))
    agent.take(*told(people("A", 900), people("B", 100)))
    agent.tick()
    [alert] = agent.alerts()
    assert (alert["rule"], alert["subject"]) == ("experiment_split_broken", "ask")
    agent.take(*told(people("A", 9)))
    agent.tick()
    assert agent.alerts() == []


def is_broken(result: ExperimentResult | None) -> bool:
    assert result is not None
    return result["sample_ratio"]["broken"]


def test_a_split_that_was_planned_wrongly_is_tested_anew_once_the_plan_is_corrected(agent: Agent) -> None:
    for variants, broken in (({"A": 1, "B": 1}, True), ({"A": 9, "B": 1}, False), ({"A": 1, "B": 9}, True)):
        agent.tell(Defined("ask", definition_record(defined("ask", variants=variants))[1]))
        agent.take(*told(people("A", 900), people("B", 100)))
        assert is_broken(agent.tick()["ask"]) is broken
        assert len(agent.alerts()) == broken


def test_a_misspelt_variant_breaks_no_split_that_nobody_planned(agent: Agent) -> None:
    agent.take(*told(people("A", 1_000), people("B", 1_000), people("b", 1)))
    result = agent.tick()["ask"]
    assert result is not None
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
    assert not is_broken(agent.tick()["ask"])
    agent.tell(Defined("ask", definition_record(defined("ask", variants={"A": 1, "B": 1}))[1]))
    assert is_broken(agent.tick()["ask"])
    assert [alert["rule"] for alert in agent.alerts()] == ["experiment_split_broken"]


def test_one_variant_alone_has_no_split(agent: Agent) -> None:
    agent.take(*told(people("A", 1_000)))
    result = agent.tick()["ask"]
    assert result is not None
    assert "warnings" not in result


def test_a_split_that_differs_by_stratum_is_not_checked(agent: Agent) -> None:
    by_state = {"column": "state", "splits": {"NY": {"A": 9, "B": 1}}}
    plan = defined("ask", variants={"A": 1, "B": 1}, strata=by_state)
    agent.tell(Defined("ask", definition_record(plan)[1]))
    agent.take(*told(people("A", 900), people("B", 100)))
    result = agent.tick()["ask"]
    assert result is not None
    assert result["sample_ratio"]["not_checked"] == "some strata have a split of their own, so there is none for all"
    [warning] = result["warnings"]
    assert warning.startswith("SPLIT NOT CHECKED: some strata")


def test_while_everybody_is_counted_anew_nothing_is_found_for_good(agent: Agent) -> None:
    agent.tell(Recounting(0))
    agent.take(*told(people("A", 1_000), people("B", 1_000, day=TODAY - 8), people("A", 500, day=TODAY - 8, donated=1)))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert not any(each["discovery"] for each in shown["comparisons"])
    agent.take(*told(people("B", 500, day=TODAY - 8, donated=1)))
    agent.tell(Recounting(0, is_done=True))
    shown = agent.tick()["ask"]
    assert not is_broken(shown)
    assert agent.alerts() == []


def test_a_guardrail_is_told_of_while_it_goes_out(agent: Agent) -> None:
    agent.take(*told(people("A", 500), people("B", 460), people("B", 40, unsubscribed=1)))
    result = agent.tick()["ask"]
    assert result is not None
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
    shown = agent.tick()["ask"]
    assert shown is not None
    [found] = [each for each in shown["guardrails"] if each["metric"] == "unsubscribed"]
    assert (found["known"], found["breached"]) == (known, left == 10)


def others(count: int) -> list[bytes]:
    """So many experiments with two people each, to whom nothing happened."""
    columns = Columns()
    for variant in "AB":
        columns.replace((), [Given(f"other-{number}", variant, TODAY) for number in range(count)])
    return list(columns.records())


def alerted(result: ExperimentResult | None) -> list[tuple[str, bool, bool]]:
    assert result is not None
    return [(each["metric"], each["breached"], each["alerted"]) for each in result["guardrails"]]


def test_what_may_be_chance_among_many_experiments_is_breached_and_told_to_nobody(agent: Agent) -> None:
    agent.take(*others(20))
    agent.tick()
    agent.take(*told(people("A", 500), people("B", 489), people("B", 11, unsubscribed=1)))
    assert alerted(agent.tick()["ask"]) == [("unsubscribed", True, False), ("complained", False, False)]
    assert agent.alerts() == []
    agent.take(*told(people("B", 20, unsubscribed=1)))
    assert alerted(agent.tick()["ask"]) == [("unsubscribed", True, True), ("complained", False, False)]
    [alert] = agent.alerts()
    assert alert["rule"] == "experiment_guardrail"


def test_what_is_told_of_an_experiment_alone_takes_no_more_than_its_own_guardrails(agent: Agent) -> None:
    agent.take(*told(people("A", 500), people("B", 489), people("B", 11, unsubscribed=1)))
    assert alerted(agent.tick()["ask"])[0] == ("unsubscribed", True, True)


def test_those_that_were_not_looked_at_yet_count_as_well(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restore, when thousands wait for their turn."""
    monkeypatch.setattr(board, "AT_ONCE", 1)
    agent.take(*told(people("A", 500), people("B", 489), people("B", 11, unsubscribed=1)))
    agent.take(*others(20))
    assert alerted(agent.tick()["ask"])[0] == ("unsubscribed", True, False)


def test_a_changed_definition_is_shown_once_all_partitions_stand_at_it(agent: Agent) -> None:
    definition = defined("ask", window="1d")
    edition = rule_of(definition).edition
    before = people("A", 3)
    agent.take(*told(before))
    agent.tick()
    agent.tell(Defined("ask", definition_record(definition)[1]))
    agent.take(*told(people("A", 3, edition), but=before))
    agent.tell(Stands(0, {"ask": edition}))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert (shown["status"], shown["definition"], assigned(shown)) == ("recounting", "", {"A": 3})

    agent.tell(Stands(1, {"ask": edition}))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert (shown["status"], shown["definition"]) == ("running", edition)
    assert assigned(shown) == {"short": 0, "long": 0, "A": 3}
    assert shown["warnings"] == [
        "UNPLANNED VARIANT: A (3 people): not in the definition, so not in the check of the split"
    ]


def test_what_is_shown_stays_also_where_the_new_definition_counts_nobody(agent: Agent) -> None:
    """As where the people were assigned before it starts: they are taken away, and nobody comes."""
    definition = defined("ask", start="2030-01-01T00:00:00Z")
    agent.take(*told(people("A", 3)))
    agent.tick()
    agent.tell(Defined("ask", definition_record(definition)[1]))
    agent.take(*told(but=people("A", 2)))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert (shown["status"], assigned(shown)) == ("recounting", {"A": 3})
    agent.take(*told(but=people("A", 1)))
    agent.tell(*(Stands(number, {"ask": rule_of(definition).edition}) for number in range(PARTITIONS)))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert (shown["status"], assigned(shown)) == ("running", {"short": 0, "long": 0})


def test_a_definition_that_changes_nothing_of_how_people_are_counted_is_shown_at_once(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    agent.tell(Defined("ask", definition_record(defined("ask", metrics=["voted"]))[1]))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert (shown["status"], shown["primary"]) == ("running", "voted")


def test_a_definition_that_comes_and_goes_leaves_the_sums_as_they_are(agent: Agent) -> None:
    definition = defined("ask", window="1d")
    before, meanwhile = people("A", 3), people("A", 3, rule_of(definition).edition)
    agent.take(*told(before))
    agent.tell(Defined("ask", definition_record(definition)[1]))
    agent.take(*told(meanwhile, but=before))
    agent.tell(Defined("ask", None))
    agent.take(*told(before, but=meanwhile))
    agent.tell(*(Stands(number, {"ask": ""}) for number in range(PARTITIONS)))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert (shown["status"], assigned(shown)) == ("running", {"A": 3})


def test_while_a_partition_counts_everybody_anew_all_results_say_so(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    agent.tell(Recounting(1))
    assert [each and each["status"] for each in agent.tick().values()] == ["recounting"]
    agent.tell(Recounting(1, is_done=True))
    assert [each and each["status"] for each in agent.tick().values()] == ["running"]


def test_who_makes_up_experiments_finds_no_room(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reckoning, "MOST", 3)
    columns = Columns()
    columns.replace((), [Given(f"e{number}", "A", TODAY) for number in range(5)])
    agent.take(*columns.records())
    assert len(agent.tick()) == 3
    assert agent.last is not None
    assert agent.last.uncounted == 2


def test_a_defined_experiment_has_room_also_where_others_that_nobody_defined_fill_the_board(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reckoning, "MOST", 3)
    agent.take(*others(5))
    agent.tick()
    agent.take(*told(people("A", 3)))
    assert agent.tick() == {}
    agent.tell(Defined("ask", definition_record(defined("ask", variants={"A": 1, "B": 1}))[1]))
    agent.take(*told(people("A", 3)))
    assert assigned(agent.tick()["ask"]) == {"A": 3, "B": 0}
    agent.now += board.FORGOTTEN_AFTER_MS + 1
    agent.tick()
    agent.take(*others(3))
    agent.take(*told(people("A", 1)))
    assert assigned(agent.tick()["ask"]) == {"A": 4, "B": 0}


def test_there_is_an_end_to_defined_experiments_too(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reckoning, "MOST", 2)
    for number in range(5):
        name = f"e{number}"
        agent.tell(Defined(name, definition_record(defined(name))[1]))
    assert len(agent.tick()) == 4


def test_so_many_at_a_time_are_looked_at_those_first_that_have_waited_longest(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "AT_ONCE", 2)
    columns = Columns()
    columns.replace((), [Given(f"e{number}", "A", TODAY) for number in range(5)])
    agent.take(*columns.records())
    assert [len(agent.tick()) for _ in range(4)] == [2, 2, 1, 0]


def test_what_nobody_has_heard_of_for_long_is_forgotten(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    agent.tick()
    agent.now += board.FORGOTTEN_AFTER_MS + 1
    assert agent.tick() == {"ask": None}
    assert agent.tick() == {}


def test_an_experiment_that_nobody_defined_and_nobody_is_in_any_more_leaves_nothing(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    assert assigned(agent.tick()["ask"]) == {"A": 3}
    agent.take(*told(but=people("A", 3)))
    assert agent.tick() == {"ask": None}
    assert agent._states.get(reckoning.key_of_experiment("ask")) is None
    assert agent.tick() == {}


@pytest.mark.parametrize("changed", [{}, {"window": "1d"}])
def test_a_withdrawn_experiment_that_nobody_is_in_goes(agent: Agent, changed: dict[str, JSON]) -> None:
    definition = defined("ask", **changed)
    agent.tell(Defined("ask", definition_record(definition)[1]))
    agent.tell(*(Stands(number, {"ask": rule_of(definition).edition}) for number in range(PARTITIONS)))
    assert assigned(agent.tick()["ask"]) == {"short": 0, "long": 0}
    agent.tell(Defined("ask", None))
    if changed:  # until all partitions stand at the defaults it may be that somebody is counted in it
        assert agent.tick()["ask"] is not None
        agent.tell(*(Stands(number, {"ask": ""}) for number in range(PARTITIONS)))
    assert agent.tick() == {"ask": None}
    assert "ask" not in agent.lines
    assert agent.tick() == {}


def test_a_withdrawn_experiment_that_somebody_is_in_goes_on_by_the_defaults(agent: Agent) -> None:
    agent.tell(Defined("ask", definition_record(defined("ask"))[1]))
    agent.take(*told(people("short", 3)))
    agent.tick()
    agent.tell(Defined("ask", None))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert (shown["status"], assigned(shown), "not_checked" in shown["sample_ratio"]) == ("running", {"short": 3}, True)


def test_while_everybody_is_counted_anew_nothing_goes(agent: Agent) -> None:
    agent.take(*told(people("A", 3)))
    agent.tick()
    agent.tell(Recounting(0))
    agent.take(*told(but=people("A", 3)))
    assert agent.tick()["ask"] is not None
    agent.take(*told(people("A", 3)))
    agent.tell(Recounting(0, is_done=True))
    assert assigned(agent.tick()["ask"]) == {"A": 3}


def test_what_was_forgotten_goes_on_with_its_sums_once_anybody_is_taken_away(agent: Agent) -> None:
    gone = people("A", 1, donated=1)
    agent.tell(Defined("ask", definition_record(defined("ask", metrics=["voted"]))[1]))
    agent.take(*told(gone, people("A", 2)))
    agent.tick()
    agent.now += board.FORGOTTEN_AFTER_MS + 1
    agent.tick()
    agent.take(*told(but=gone))
    shown = agent.tick()["ask"]
    assert shown is not None
    assert (assigned(shown)["A"], shown["primary"]) == (2, "voted")


def test_no_amount_that_is_taken_in_is_too_large_for_a_result_and_for_who_reads_it(agent: Agent) -> None:
    huge = [Given("ask", "B", TODAY, values=((PLACE["net_amount"], 500_000, 500_000, MAX_AMOUNT),))] * 1_000
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
        agent.tell(Counted(ONE, [TODAY, 1, 0], raw))
        agent.tick()
    for _ in range(3):
        agent.tell(Counted(ONE, [TODAY, -1, 0], [*raw[:-1], -(2**62)]))
    result = agent.tick()["ask"]
    assert result is not None
    assert result["variants"]["A"]["metrics"]["net_amount"] == {"sum": 5, "mean": 5.0}


ONE = [("ask", "", "A")]


@pytest.mark.parametrize(
    "strange",
    [
        Counted(ONE, [TODAY, 1]),
        Counted(ONE, [TODAY, 2**63, 0]),
        Counted(ONE, [TODAY, 1, 0], [5, 1, *[1] * 7]),
        Counted(ONE, [TODAY, 1, 0], [-1, 1, *[1] * 7]),
        Counted([*ONE, ("ask", "", "B")], [TODAY, 1, 0] * 2, [0, len(METRICS), *[1] * 7]),
        Counted(ONE, [TODAY, 1, 0], (), [0, 128, 1]),
        Counted(ONE, [TODAY, 1, 0], (), [0, 1, 1], [0, 1, len(METRICS), 1, 1]),
        Counted(ONE, [TODAY, 1, 0], (), (), [0, 1, 1, 1, 1]),
    ],
)
def test_differences_that_cannot_be_added_up_are_left_out_and_stop_nobody(agent: Agent, strange: Counted) -> None:
    agent.take(*told(people("A", 3)))
    agent.tell(strange)
    agent.take(*told(people("B", 2)))
    assert assigned(agent.tick()["ask"]) == {"A": 3, "B": 2}
    assert agent.last is not None
    assert agent.last.uncounted == 1


def test_what_says_nothing_is_passed_over(agent: Agent) -> None:
    done = agent.take(b"\xff", None, TICK)
    assert (done.refused, done.effects.outputs) == ([1, 2], [])
