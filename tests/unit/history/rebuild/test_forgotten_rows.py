"""What is left of a source that was forgotten outlives `lake forget`, a rebuild, and a restore."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from events.channels import NO_MESSAGE
from events.json_types import JSON
from events.provenance_rules import ForgettingRule, ProvenanceRule, PurposeRule
from events.topics import INTERACTIONS
from sinks.lake.forgotten_provenance import forget_provenance
from streams.domain.advertising.audience_gate import GateVerdict, gate_rules, gate_verdict
from streams.domain.pressure.asking import Evidence
from streams.domain.pressure.policy import ConsentRules
from streams.engine.decoded_states import NO_STATES
from streams.history.rebuild.buckets import add_states, lake_contents, sort_lake
from streams.history.rebuild.prior_states import PriorState
from streams.history.rebuild.state_files import FoldTask, write_state_files
from streams.operations.backup.manifest import contacts_file
from streams.operations.backup.record_files import Record, read_records, write_records
from tests.property.worker.links.sayings import Saying, interaction
from tests.property.worker.links.test_backup_law import Copy, Cut, remade
from tests.property.worker.links.world import World
from tests.unit.domain.contact.said import HOUR
from tests.unit.events.records import NOW
from tests.unit.history.lake.topic_records import TOPIC_ID
from tests.unit.history.refold.lakes import lake_of

VOTER: dict[str, JSON] = {"voter_id": "NY:1"}
EMAIL: dict[str, JSON] = {"email": "ada@example.org"}
ROW: dict[str, JSON] = {"kind": "rented", "file": "list-1", "purpose": "Petition-Water", "of_age": False}
FORGOTTEN: list[tuple[str, dict[str, JSON], ForgettingRule]] = [
    ("contact.provenance_forgotten", {"kind": "rented"}, ProvenanceRule("rented", None, NOW)),
    ("contact.purpose_forgotten", {"purpose": "petition-water"}, PurposeRule("petition-water", NOW)),
]


def said(id_: str, type_: str, time: int, contact: dict[str, JSON], **data: JSON) -> Saying:
    return Saying(interaction(type_, id_, time, "team/a", {"contact": contact, **data}), NOW + int(id_))


STORY = [
    said("1", "form.submitted", NOW - 9, VOTER, form_id="f", provenance={"kind": "self", "of_age": True}),
    said("2", "consent.changed", NOW - 8, VOTER, channel="all", granted=True, purpose=NO_MESSAGE, basis="consent"),
    said("3", "provenance.reported", NOW - 7, {**VOTER, **EMAIL}, provenance=ROW),
    said("4", "consent.changed", NOW - 6, EMAIL, channel="letter", granted=False),
]


def world_of(sayings: Iterable[Saying]) -> World:
    world = World()
    for saying in sayings:
        world.say(saying.interaction, saying.appended_at)
        world.settle()
    return world


def forgetting(type_: str, about: dict[str, JSON]) -> list[Saying]:
    """The command under each identifier of the person."""
    return [said(id_, type_, NOW, contact, **about) for id_, contact in (("5", VOTER), ("6", EMAIL))]


def expect_them_protected(world: World) -> None:
    """They are one person, who is too young for ads, and the no under the other identifier binds."""
    [(name, known)] = world.profiles().items()
    assert name.startswith("voter:")
    assert len(known["merged_from"]) == 1  # type: ignore[arg-type]
    assert known["consent"] == {"letter": False}
    kinds = [(entry["kind"], entry.get("of_age")) for entry in known["provenance"]]  # type: ignore[union-attr, index, call-overload]
    assert kinds == [("self", True), ("forgotten", False)]
    verdict = gate_verdict(known, gate_rules(ConsentRules(), ()), NOW + HOUR)  # type: ignore[arg-type]
    assert verdict == GateVerdict("under_age", (Evidence("team/a", "3"),))


def write_lake(folder: Path, world: World, rule: ForgettingRule) -> None:
    """A lake of all that was said, after `lake forget`."""
    heard = [record for number in range(world.partitions) for record in world.logs[INTERACTIONS, number]]
    files = lake_of(folder, heard)
    assert forget_provenance(files, rule).rows == 1


def rebuilt(folder: Path, world: World) -> dict[int, dict[bytes, bytes]]:
    """The states of the lake in `folder`, with what the running system knows, by partition and key."""
    backup, target, work = folder / "backup", folder / "target", folder / "work"
    for place in (backup, target, work):
        place.mkdir()
    for number in range(world.partitions):
        kept = [Record(number, key, value) for key, value in states_of(world, number).items() if b"/" not in key]
        write_records(backup / contacts_file(number), kept)
    write_records(work / "traces.zst", [])
    lake = lake_contents(str(folder / "lake"), TOPIC_ID, world.partitions)
    gathered = add_states(
        PriorState.KNOWN, backup, world.partitions, work / "sorted", sort_lake(lake, work / "sorted", 1)
    )
    task = FoldTask(str(folder / "lake"), work / "traces.zst", work / "folded", world.partitions)
    write_state_files(task, gathered, target, 1, lambda _: None)
    return {
        number: {each.key or b"": each.value or b"" for each in read_records(target / contacts_file(number))}
        for number in range(world.partitions)
    }


def states_of(world: World, number: int) -> dict[bytes, bytes]:
    return {key: value for key, value in world.stores[number].items() if not key.startswith(NO_STATES)}


def restored(lost: World, states: dict[int, dict[bytes, bytes]]) -> World:
    """A world of another number of partitions, made from these states, at rest."""
    cuts = {number: Cut(table, 1 << 30, 1 << 30) for number, table in states.items()}
    world = remade(lost, Copy(cuts, dict.fromkeys(cuts, 0), dict.fromkeys(cuts, 1 << 30)), 5)
    world.settle()
    return world


@pytest.mark.parametrize(("type_", "about", "rule"), FORGOTTEN)
def test_who_is_too_young_stays_so_and_whom_the_row_named_where_the_lake_has_lost_it(
    tmp_path: Path, type_: str, about: dict[str, JSON], rule: ForgettingRule
) -> None:
    """Else who is too young is admitted to an audience, and is written to although they said no elsewhere."""
    running = world_of([*STORY, *forgetting(type_, about)])
    expect_them_protected(running)
    write_lake(tmp_path / "lake", running, rule)

    made = restored(running, rebuilt(tmp_path, running))

    expect_them_protected(made)


@pytest.mark.parametrize(("type_", "about", "_"), FORGOTTEN)
def test_who_is_too_young_stays_so_and_whom_the_row_named_after_a_restore(
    type_: str, about: dict[str, JSON], _: ForgettingRule
) -> None:
    running = world_of([*STORY, *forgetting(type_, about)])
    copied = {number: states_of(running, number) for number in range(running.partitions)}

    expect_them_protected(restored(running, copied))
