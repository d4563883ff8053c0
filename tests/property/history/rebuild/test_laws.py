"""Laws of a rebuild."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from hypothesis import event, given
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from events.harmonised import harmonise
from events.topics import INTERACTIONS
from sinks.lake.erasure_list import Erasures
from streams.engine.decoded_states import NO_STATES
from streams.history.rebuild.prior_states import (
    PriorState,
    command_times_in,
    earliest_times,
    rows_of_records,
    rows_of_states,
)
from streams.history.rebuild.state_files import BucketFolder
from streams.history.refold.contact_rows import histories
from streams.operations.backup.record_files import Record
from tests.property.worker.links.sayings import Saying, as_they_come, interaction
from tests.property.worker.links.test_forgetting_law import STAYS, forgets, left_of, source_of, with_source
from tests.property.worker.links.test_laws import shown, tell
from tests.property.worker.links.test_machine import Burning, Copy, Cut, newer_than, remade
from tests.property.worker.links.world import World
from tests.unit.engine.kafka_records import Fetched
from tests.unit.operations.backup.test_backup import copy_of


class Rebuilding(Burning):
    """As if all was lost; but what fragments know is folded again of all that was ever said, not taken from the copy.

    `history`: what was folded of each world until its copy was made, by the world's number.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: list[list[Fetched]] = []

    def _append(self, saying: Saying) -> None:
        """What was dropped before a new record began may count beside it, once all is folded again."""
        if not self.truth.is_in_vain(saying.interaction, self.world.hasher):
            super()._append(saying)

    @precondition(lambda self: self.copy is not None)
    @rule(partitions=st.integers(1, 5))
    def all_is_lost_but_the_copy(self, partitions: int) -> None:
        assert self.copy is not None
        lost = self.world
        self.history.append([*folded(lost, self.copy)])
        self.world = remade(lost, rebuilt(self.copy, self.history), partitions)
        self.cuts, self.copy = {}, None
        self.world.settle()
        newer_than(lost, self.world)


def rebuilt(copy: Copy, history: Iterable[Sequence[Fetched]]) -> Copy:
    """The copy with other states: of all that was ever said, by the world in which it was."""
    known = [
        Record(number, key, value)
        for number, cut in copy.cuts.items()
        for key, value in cut.table.items()
        if b"/" not in key[1:] and not key.startswith(NO_STATES)
    ]
    traces = {each.key or b"": each.value or b"" for each in known if (each.key or b"").startswith(b"/")}
    states = [each for each in known if each.key not in traces]
    rows = [rows_of_states(PriorState.KNOWN, states)]
    rows += [rows_of_records(f"{number:04}", records) for number, records in enumerate(history)]
    folding = BucketFolder(len(copy.cuts), Erasures(), traces, earliest_times(*map(command_times_in, rows[1:])))
    found = list(folding.records(histories(rows)))
    found += [each for each in known if each.key in traces and each.key not in folding.used]
    return replace(copy, cuts={number: cut_of(cut, number, found) for number, cut in copy.cuts.items()})


def cut_of(cut: Cut, number: int, found: list[Record]) -> Cut:
    return replace(cut, table={each.key or b"": each.value or b"" for each in found if each.partition == number})


def folded(world: World, copy: Copy) -> Iterator[Fetched]:
    for number, cut in copy.cuts.items():
        yield from world.logs[INTERACTIONS, number][: cut.interactions]


TestRebuilding = Rebuilding.TestCase


@given(with_source(), st.data())
def test_a_rebuild_after_the_lake_has_forgotten_shows_the_same_people(story: list[Saying], data: st.DataObject) -> None:
    story = [too_young(each) if data.draw(st.booleans(), label="too young") else each for each in story]
    commands = data.draw(forgets(story))
    again = data.draw(st.lists(st.sampled_from([*story, *commands]), max_size=4))
    world = tell(World(), data.draw(st.permutations([*story, *commands, *again])))
    as_they_come(world, data)
    lost = {row for row in rows_to_lose(story, commands, world) if data.draw(st.booleans(), label="lost")}
    event(f"lost: {bool(lost)}")
    rows = [record for number in range(world.partitions) for record in world.logs[INTERACTIONS, number]]
    lake = [record for record in rows if record.value not in lost]

    made = remade(world, rebuilt(copy_of(world), [lake]), data.draw(st.integers(1, 5)))
    made.settle()

    assert shown(made) == shown(world)


def rows_to_lose(story: list[Saying], commands: list[Saying], world: World) -> Iterator[bytes]:
    """What `lake forget` takes out of the lake of what `commands` cover: all but what protects."""
    for before, after in zip(story, left_of(story, commands, world.hasher), strict=True):
        told = before.interaction.data.plain()
        protects = told.get("granted") is False or told.get("outcome") in STAYS
        if after.interaction is not before.interaction and not protects:
            yield harmonise(before.interaction, world.hasher)[1]


def too_young(saying: Saying) -> Saying:
    """The same, where it says where it comes from also that the person is not of age."""
    said = saying.interaction
    if (source := source_of(said)) is None:
        return saying
    data = {**said.data.plain(), "provenance": {**source, "of_age": False}}
    return Saying(interaction(said.type, said.id, said.time, said.source, data), saying.appended_at)
