"""An erasure of who has done nothing: carried out or in vain by all that is known of the person where it is heard."""

from hypothesis import event, given
from hypothesis import strategies as st

from events.json_types import JSON
from events.registry import types_that
from events.times import render_time
from tests.property.domain.contact.test_inactivity_law import OWN, is_act
from tests.property.worker.links.hearing import counting, hear
from tests.property.worker.links.sayings import Saying, as_they_come, contacts, interaction, stories
from tests.property.worker.links.test_laws import Shown, shown, tell
from tests.property.worker.links.truth import Truth
from tests.property.worker.links.world import World
from tests.unit.domain.contact.said import HOUR
from tests.unit.events.records import NOW

COMMAND = "contact.erased_if_inactive"
SINCE = st.integers(-41, -1).map(lambda step: NOW + step * HOUR)


def inactive_since(truth: Truth, fragment: str) -> int | None:
    """A plain loop: the last own act of whom this fragment names, else the first word of them; None: another does."""
    roofs = truth.roofs()
    if roofs.get(fragment, fragment) != fragment:
        return None
    record = {}
    for name, heard in truth.records.items():
        if roofs.get(name, name) == fragment:
            record.update(heard)
    told = [each for each in counting(record) if not each.is_command and each.said.type != "interaction.retracted"]
    acts = [each.said.time for each in told if is_act(each.said.type, each.said.data.plain())]
    return max(acts) if acts else min((each.said.time for each in told), default=None)


@given(stories(), contacts(), SINCE, st.data())
def test_nobody_is_erased_who_has_done_something_since_under_any_of_their_names_in_whatever_order_it_came(
    story: list[Saying], whose: dict[str, JSON], since: int, data: st.DataObject
) -> None:
    world, truth = World(), Truth()
    tell(world, data.draw(st.permutations([*story, *story[:3]])))
    as_they_come(world, data)
    for saying in story:
        truth.hear(saying.interaction, world.hasher, saying.appended_at)
    said: dict[str, JSON] = {"contact": whose, "inactive_since": render_time(since)}
    command = Saying(interaction(COMMAND, "command", NOW, "office/desk", said), NOW)
    fragment, _ = hear(command.interaction, world.hasher, NOW)
    last = inactive_since(truth, fragment)
    before = shown(world)
    tell(world, [command])
    as_they_come(world, data)
    if last is None or last > since:
        event("in vain")
        assert shown(world) == before
        return
    event("erased")
    erased = interaction("contact.erased", "command", since, "office/desk", {"contact": whose})
    truth.hear(erased, world.hasher, NOW)
    assert shown(world) == Shown(truth.profiles(), {**truth.merged()}, truth.closed())
    tell(world, [command])
    as_they_come(world, data)
    assert shown(world) == Shown(truth.profiles(), {**truth.merged()}, truth.closed())


def test_all_own_acts_are_those_that_the_loop_knows() -> None:
    assert types_that(lambda spec: spec.is_own_act) == OWN
