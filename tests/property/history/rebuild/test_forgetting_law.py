"""What is left of a source or purpose that was forgotten is left after a rebuild, whatever the lake has lost of it."""

from collections.abc import Iterator

from hypothesis import event, given
from hypothesis import strategies as st

from events.harmonised import harmonise
from events.topics import INTERACTIONS
from tests.property.history.rebuild.test_rebuild_law import rebuilt
from tests.property.worker.links.sayings import Saying, as_they_come, interaction
from tests.property.worker.links.test_backup_law import remade
from tests.property.worker.links.test_forgetting_law import STAYS, forgets, left_of, source_of, stories
from tests.property.worker.links.test_laws import shown, tell
from tests.property.worker.links.world import World
from tests.unit.operations.backup.test_new_generation import copy_of


@given(stories(), st.data())
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
