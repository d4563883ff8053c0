"""What is added up of experiments is what everybody gives to them by the rules of now, in whatever order it came."""

from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.json_types import JSON
from events.times import render_time
from events.topics import EXPERIMENT_DEFINITIONS, EXPERIMENT_SWEEPS
from streams.domain.contact import decode
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting as counting_parts
from streams.domain.contact.merging import person
from streams.domain.contact.packed_contribution import NOTHING, unpacked
from streams.domain.contact.person_view import overview
from streams.domain.contact.publication.visibility import shown_of
from streams.domain.experiments import experiment_table, person_sums
from streams.domain.experiments.counting_rules import CountingRule
from streams.domain.experiments.definition_records import definition_record, rule_of
from streams.domain.experiments.experiment_table import Experiment, TableRecord
from streams.domain.experiments.lifecycle import is_recounted
from streams.domain.experiments.partials import CellKey, ClockTick, write_partial
from streams.domain.experiments.row_layout import GROUPED_WIDTH, WIDTH, Ints, row_of
from streams.domain.experiments.totals import add_row
from streams.engine.decoded_states import BESIDE, Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.engine.writer import Output
from streams.worker.agents.experiments import backfill, delta_log, write_behind
from streams.worker.agents.experiments.aggregator import ExperimentAggregator
from streams.worker.agents.experiments.backfill import recount_record
from streams.worker.agents.experiments.unit_of_work import UnitOfWork
from tests.budgets import shares_fixtures
from tests.property.worker.links.sayings import Saying, as_they_come, erasure, interaction, stories
from tests.property.worker.links.test_machine import remade
from tests.property.worker.links.world import World
from tests.unit.domain.contact.said import HOUR
from tests.unit.domain.experiments import cells
from tests.unit.domain.experiments.cells import Difference
from tests.unit.domain.experiments.writing import defined
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.operations.backup.test_backup import copy_of

NAMES = ("x", "y")
WINDOWS = st.sampled_from(["1h", "1d", "7d", "90d"])
UNITS = st.sampled_from(["contact", "household"])
STARTS = st.none() | st.integers(-45, 5).map(lambda step: render_time(NOW + step * HOUR))


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "STATES_AT_ONCE", 2)
    monkeypatch.setattr(delta_log, "_AT_ONCE", 500)
    monkeypatch.setattr(write_behind, "SOONEST_MS", 1)
    monkeypatch.setattr(write_behind, "SPREAD_MS", 181)


class Office:
    """The experiments agent behind a world, and what was defined."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._states: States[TableRecord] = States(
            MemoryStore(), Codec(experiment_table.encode, experiment_table.decode), RecentStates(0)
        )
        self._read = self._offset = 0
        self.rules: dict[str, CountingRule] = {}

    def define(self, name: str, window: str | None, unit: str, start: str | None = None) -> None:
        definition = None if window is None else defined(name, window=window, unit=unit, start=start)
        key, value = (name.encode(), None) if definition is None else definition_record(definition)
        for number in range(self._world.partitions):
            self._world.publish(Output(EXPERIMENT_DEFINITIONS, number, key, value))
        self.rules[name] = rule_of(definition)

    def hear(self, count: int) -> None:
        """Add up so much of what was told."""
        values = [output.value for output in self._world.partials[self._read : self._read + count]]
        self._read += len(values)
        self._take(values)
        self._take([write_partial(ClockTick())])

    def begin_again(self) -> None:
        """As a worker does to whom the partition is given: with the store alone."""
        self._states.forget()

    def experiments(self) -> dict[str, Experiment]:
        in_hand = UnitOfWork(self._states)
        in_hand.read(NAMES)
        return {name: each for name in NAMES if (each := in_hand.whole(name)) != Experiment()}

    def _take(self, values: Sequence[bytes | None]) -> None:
        records = []
        for value in values:
            self._offset += 1
            records.append(Fetched(self._offset, value, b"", (), NOW + self._offset))
        if not records:
            return
        reckoning = ExperimentAggregator(self._states, self._world.partitions)
        reckoning.take(records)
        assert not reckoning.refused
        changes = reckoning.effects.changes
        encoded = {key: None if each is None else experiment_table.encode(each) for key, each in changes.items()}
        encoded |= {BESIDE + key: each for key, each in reckoning.effects.beside.items()}
        self._states.commit(changes, encoded, Position("topic", 1, 0))


def truth_of(world: World, rules: dict[str, CountingRule]) -> Difference:
    """What everybody gives, from nothing."""
    states = {key.decode(): decode(value) for key, value in world.table().items()}
    whole = Difference()
    for name, state in states.items():
        place = place_of(state)
        if "/" in name:
            continue
        parts = {each: states[f"{name}/{each}"] for each in place.parts if f"{name}/{each}" in states}
        shown = shown_of({name: state, **counting_parts(parts, place)})
        if place.roof is None and not isinstance(shown, str):
            whole.replace(
                (), unpacked(person_sums.packed_contribution_of(name, overview(person(shown)), rules, NOTHING))
            )
    return whole


def rows_of(difference: Difference) -> dict[CellKey, list[int]]:
    """As rows are kept."""
    return _by_day(
        {
            where: cells.row_of(cell)[: GROUPED_WIDTH if cell.groups else WIDTH]
            for where, cell in difference.cells.items()
        }
    )


def kept_rows(experiments: dict[str, Experiment]) -> dict[CellKey, list[int]]:
    rows = {}
    for name, experiment in experiments.items():
        for edition, totals in experiment.totals.items():
            for variant, arm in totals.arms.items():
                days = {-1: arm.closed, **arm.days}
                rows.update({(name, edition, variant, day): row_of(data) for day, data in days.items() if data})
    return _by_day(rows)


def _by_day(rows: dict[CellKey, Ints]) -> dict[CellKey, list[int]]:
    """All days together, since some are closed."""
    sums: dict[CellKey, bytes] = defaultdict(bytes)
    for (name, edition, variant, _), row in rows.items():
        where = name, edition, variant, 0
        sums[where] = add_row(sums[where], row)
    return {where: row_of(data).tolist() for where, data in sums.items() if data}


def settle(world: World, office: Office) -> None:
    world.settle()
    office.hear(1_000_000)


def agrees(world: World, office: Office) -> None:
    experiments = office.experiments()
    assert kept_rows(experiments) == rows_of(truth_of(world, office.rules))
    for name, experiment in experiments.items():
        assert not is_recounted(experiment)
        assert experiment.edition == office.rules.get(name, CountingRule()).edition


@shares_fixtures
@given(story=stories(16), data=st.data())
def test_sums_are_of_everybody_by_the_rules_of_now_whatever_was_defined_and_linked_when(
    story: list[Saying], data: st.DataObject
) -> None:
    world = World()
    office = Office(world)
    for saying in story:
        world.say(saying.interaction, saying.appended_at)
        if data.draw(st.integers(0, 3)) == 0:
            office.define(
                data.draw(st.sampled_from(NAMES)), data.draw(st.none() | WINDOWS), data.draw(UNITS), data.draw(STARTS)
            )
        if data.draw(st.booleans()):
            if waiting := world.waiting():
                world.work(data.draw(st.sampled_from(waiting)), data.draw(st.integers(1, 4)))
            office.hear(data.draw(st.integers(0, 9)))
            if data.draw(st.booleans()):
                office.begin_again()
    settle(world, office)
    agrees(world, office)


@shares_fixtures
@given(story=stories(12), whom=erasure(), data=st.data())
def test_who_is_erased_gives_nothing_any_more(story: list[Saying], whom: dict[str, JSON], data: st.DataObject) -> None:
    world = World()
    office = Office(world)
    for saying in story:
        world.say(saying.interaction, saying.appended_at)
    as_they_come(world, data)
    world.say(interaction("contact.erased", "erased", NOW, "office/desk", whom), NOW)
    as_they_come(world, data)
    settle(world, office)
    agrees(world, office)


@shares_fixtures
@given(story=stories(12), data=st.data())
def test_counting_everybody_anew_changes_nothing(story: list[Saying], data: st.DataObject) -> None:
    world = World()
    office = Office(world)
    for saying in story:
        world.say(saying.interaction, saying.appended_at)
    as_they_come(world, data)
    office.define("x", "1d", "contact")
    for number in range(world.partitions):
        record = recount_record(number)
        assert record.topic == EXPERIMENT_SWEEPS
        world.publish(record)
    settle(world, office)
    agrees(world, office)


@shares_fixtures
@given(story=stories(10), data=st.data())
def test_after_a_restore_with_more_partitions_everybody_is_counted_again(
    story: list[Saying], data: st.DataObject
) -> None:
    lost = World()
    before = Office(lost)
    for saying in story:
        lost.say(saying.interaction, saying.appended_at)
    before.define("x", "1d", "contact")
    settle(lost, before)

    world = remade(lost, copy_of(lost), 5, [])
    after = Office(world)
    for number in range(world.partitions):
        world.publish(recount_record(number))
    world.work((EXPERIMENT_SWEEPS, 0), 1)
    after.define("x", "1d", "contact")
    after.hear(data.draw(st.integers(0, 9)))
    settle(world, after)
    agrees(world, after)
    assert kept_rows(after.experiments()) == kept_rows(before.experiments())
