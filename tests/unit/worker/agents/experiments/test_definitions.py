"""Whoever a definition left out is counted once it is corrected."""

import pytest

from events.contact import Contact
from events.envelope import Interaction
from events.registry import MODELS
from events.times import render_time
from events.topics import EXPERIMENT_DEFINITIONS
from streams.domain.contact import decode
from streams.domain.experiments.definition_records import definition_record
from streams.engine.writer import Output
from streams.worker.agents.experiments import registry
from streams.worker.agents.experiments.registry import UNHEARD_DAYS
from tests.property.worker.links.world import World
from tests.unit.domain.contact.said import DAY, HOUR, NOON
from tests.unit.domain.experiments.writing import defined

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
