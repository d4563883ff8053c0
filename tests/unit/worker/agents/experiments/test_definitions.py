"""Definitions and results of experiments."""

from math import log

import pytest

from events.contact import Contact
from events.envelope import Interaction
from events.experiment_results import ExperimentResult
from events.registry import MODELS
from events.times import render_time
from events.topics import ALL, EXPERIMENT_DEFINITIONS, EXPERIMENT_PARTIALS
from streams.domain.contact import ContactState, decode, encode
from streams.domain.experiments import experiment_table
from streams.domain.experiments.counting_rules import DAY_MS, DEFAULT_RULE
from streams.domain.experiments.definition_records import definition_record
from streams.domain.experiments.experiment_table import IndexEntry
from streams.domain.experiments.partials import PartitionEditions, RecountProgress, read_partial
from streams.engine.decoded_states import BESIDE, Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.engine.writer import Output
from streams.worker.agents.contacts.experiment_deltas import edition_records
from streams.worker.agents.experiments import registry
from streams.worker.agents.experiments.backfill import BackfillStep, read_step, step_record
from streams.worker.agents.experiments.registry import UNHEARD_DAYS, ExperimentRegistry, registry_of
from streams.worker.agents.experiments.result_publisher import history_keys
from tests.property.worker.links.world import World
from tests.unit.domain.contact.said import DAY, HOUR, NOON
from tests.unit.domain.experiments.writing import defined
from tests.unit.worker.agents.experiments.aggregating_agent import (
    TODAY,
    Agent,
    is_broken,
    others,
    people,
    told,
)

ADA = Contact(contact_id="crm.ada")


@pytest.fixture
def world() -> World:
    return World()


def define(world: World, **fields: str) -> None:
    key, value = definition_record(defined("x", **fields))
    for number in range(world.partitions):
        world.publish(Output(EXPERIMENT_DEFINITIONS, number, key, value))
    world.settle()


def sent(world: World, id_: str, time: int, experiment: str = "x") -> None:
    said = {"contact": ADA, "message_id": id_, "experiment": {"id": experiment, "variant": "short"}}
    data = MODELS["email.sent"].model_validate(said)
    world.say(Interaction(id=id_, source="team/a", type="email.sent", time=time, data=data), time)
    world.settle()


def counted_in(world: World) -> list[str]:
    return list(decode(world.table()[b"crm.ada"]).given.experiments)


def test_a_start_that_is_corrected_counts_whoever_it_left_out(world: World) -> None:
    define(world, start=render_time(NOON + DAY))
    sent(world, "m1", NOON)
    assert counted_in(world) == []
    define(world, start=render_time(NOON - DAY))
    assert counted_in(world) == ["x"]


def test_who_had_found_no_room_is_counted_with_the_next_message_of_the_variant(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MOST_COUNTED", 1)
    sent(world, "m1", NOON, "y")
    sent(world, "m2", NOON + HOUR)
    assert counted_in(world) == ["y"]
    monkeypatch.setattr(registry, "MOST_COUNTED", 1 + UNHEARD_DAYS)
    sent(world, "m3", NOON + 2 * HOUR)
    assert counted_in(world) == ["x", "y"]


NESTED = b"\x93\x07\xc4\x00" + b"\x91" * 5_000 + b"\xc0"
"""A step with one thing more in it, as a later version may write, that is an array in an array and so on."""


def test_a_backfill_step_is_read_as_it_was_written() -> None:
    assert read_step(step_record(1, BackfillStep(7, b"c-1")).value) == BackfillStep(7, b"c-1")


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"\x91\xa1a", NESTED])
def test_what_says_nothing_is_passed_over(value: bytes | None) -> None:
    assert read_step(value) is None


@pytest.fixture
def states() -> States[ContactState]:
    return States(MemoryStore(), Codec(encode, decode), RecentStates(0))


def opened_again(states: States[ContactState], held: ExperimentRegistry) -> ExperimentRegistry:
    states.commit({}, {BESIDE + key: value for key, value in held.beside.items()}, Position("topic", 1, 0))
    states.forget()
    return registry_of(states)


def test_who_made_room_for_others_is_still_counted_anew(
    states: States[ContactState], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People were counted in it, and by a new rule they would else stay with the old one for ever."""
    monkeypatch.setattr(registry, "MOST_COUNTED", 1)
    held = registry_of(states)
    assert held.admits("old", 1)
    assert not held.may_count("new")
    assert not held.admits("new", 1 + UNHEARD_DAYS)
    assert held.admits("new", 2 + UNHEARD_DAYS)
    for each in (held, opened_again(states, held)):
        assert list(each.counted) == ["new"]
        assert each.may_count("old")


def test_a_defined_experiment_has_room_also_where_others_that_nobody_defined_fill_it(
    states: States[ContactState], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MOST_COUNTED", 2)
    held = registry_of(states)
    held.rule("defined", DEFAULT_RULE)
    held.rule("withdrawn", DEFAULT_RULE)
    held.rule("withdrawn", None)
    assert all(held.admits(f"made up {number}", 1) for number in range(2))
    held = opened_again(states, held)
    assert not held.admits("made up", 1)
    assert not held.admits("withdrawn", 1)
    assert held.admits("defined", 1)


def test_no_record_of_editions_is_too_large_whatever_experiments_are_called() -> None:
    editions = {f"{number:05d}".ljust(256, "\N{GRINNING FACE}"): "12345678" for number in range(1_201)}
    records = edition_records(3, editions)
    [limit] = [topic.max_message_bytes for topic in ALL if topic.name == EXPERIMENT_PARTIALS]
    assert all(len(record.value or b"") < limit for record in records)
    said: dict[str, str] = {}
    for record in records:
        read = read_partial(record.value)
        assert isinstance(read, PartitionEditions)
        assert read.partition == 3
        said |= read.editions
    assert said == editions


def test_what_was_noted_is_of_one_day_and_so_many_bytes(
    states: States[ContactState], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = registry_of(states)
    assert not held.has_noted([b"one"], 1)
    held.note([b"one", b"two"])
    assert held.has_noted([b"one", b"two"], 1)
    assert not held.has_noted([b"one"], 2)
    monkeypatch.setattr(registry, "MOST_NOTED", 5)
    held.note([b"one"])
    held.note([b"two"])
    assert held.has_noted([b"two"], 2)
    assert not held.has_noted([b"one"], 2)


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
