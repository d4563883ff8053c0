"""What a chunk counts: so many experiments of a person, and of a partition, as there is room for."""

import pytest

from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.packed_contribution import PackedContribution
from streams.domain.contact.person_view import overview
from streams.domain.contact.state import Fact
from streams.domain.experiments.counting_rules import DAY_MS, CountingRule
from streams.domain.experiments.delta_rows import add_up
from streams.domain.experiments.partials import PartialCounts, read_partial
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.store import MemoryStore
from streams.worker.agents.contacts import experiment_deltas
from streams.worker.agents.contacts.experiment_deltas import ExperimentDeltas
from streams.worker.agents.experiments import registry
from streams.worker.agents.experiments.registry import ExperimentRegistry, registry_of
from tests.unit.domain.contact.said import DONOR, NOON, Arrival, folded
from tests.unit.domain.experiments.people import assigned


@pytest.fixture
def held() -> ExperimentRegistry:
    states: States[ContactState] = States(MemoryStore(), Codec(encode, decode), RecentStates(0))
    return registry_of(states)


@pytest.fixture
def experiments(held: ExperimentRegistry) -> ExperimentDeltas:
    return ExperimentDeltas(held, NOON)


def counted(experiments: ExperimentDeltas, *arrivals: Arrival) -> PackedContribution:
    """Of one who has just taken all of this."""
    facts: list[Fact] = [arrival.fact() for arrival in arrivals]
    return experiments.of_one(DONOR, overview(folded(*arrivals)), ContactState(), facts)


def people_told(experiments: ExperimentDeltas) -> dict[str, int]:
    """By experiment."""
    records = [read for each in experiments.outputs() if isinstance(read := read_partial(each.value), PartialCounts)]
    return {name: int(row[0]) for (name, *_), row in add_up(records)[0].items()}


def test_a_person_is_in_so_many_experiments_those_that_are_defined_first(
    held: ExperimentRegistry, experiments: ExperimentDeltas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment_deltas, "MOST", 3)
    held.rule("z", CountingRule("1", covariate_days=0))
    found = counted(experiments, *(assigned(experiment=name) for name in "vwxyz"))
    assert list(found.experiments) == ["v", "w", "z"]
    assert experiments.uncounted == 2
    assert people_told(experiments) == {"v": 1, "w": 1, "z": 1}


def test_who_is_before_a_definitions_start_leaves_no_one_out(
    held: ExperimentRegistry, experiments: ExperimentDeltas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment_deltas, "MOST", 1)
    held.rule("x", CountingRule("1", start=NOON + 1))
    assert list(counted(experiments, assigned(experiment="x"), assigned(experiment="y")).experiments) == ["y"]
    assert experiments.uncounted == 0


def test_experiments_without_room_are_left_out_and_those_that_are_counted_stay(
    held: ExperimentRegistry, experiments: ExperimentDeltas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MOST_COUNTED", 2)
    first = counted(experiments, assigned(experiment="x"), assigned(experiment="y"))
    assert list(counted(experiments, *(assigned(experiment=name) for name in "wxyz")).experiments) == ["x", "y"]
    assert list(first.experiments) == ["x", "y"]
    assert experiments.uncounted == 2
    assert held.beside == {b"counted/x": b"%d" % (NOON // DAY_MS), b"counted/y": b"%d" % (NOON // DAY_MS)}


def test_whoever_is_heard_of_on_another_day_is_noted_for_that_day(
    held: ExperimentRegistry, experiments: ExperimentDeltas
) -> None:
    counted(experiments, assigned(experiment="x"))
    later = ExperimentDeltas(held, NOON + DAY_MS)
    held.beside = {}
    counted(later, assigned("A", experiment="x"))
    assert held.beside == {b"counted/x": b"%d" % (NOON // DAY_MS + 1)}
