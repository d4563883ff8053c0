"""Several erasures at once, of people who have to do with each other: each is asked for until it is carried out."""

from hypothesis import event, given
from hypothesis import strategies as st

from events.json_types import JSON
from events.topics import CONTACT_ALERTS
from streams.engine.writer import Output
from tests.property.worker.links.sayings import TIMES, Saying, contacts, interaction
from tests.property.worker.links.test_first_words import ADDRESSES, CLASSES, hashed
from tests.property.worker.links.test_lagging import BEFORE
from tests.property.worker.links.world import World, asking
from tests.unit.events.records import NOW

Named = dict[str, JSON]


class WithoutReceipts(World):
    """Of a command that is heard after another one that reached its fragment there may be two."""

    def publish(self, output: Output) -> None:
        if output.topic != CONTACT_ALERTS:
            super().publish(output)


def say(world: World, type_: str, id_: str, time: int, data: dict[str, JSON]) -> None:
    said = Saying(interaction(type_, id_, time, "team/a", data), NOW)
    world.say(said.interaction, said.appended_at)


def link(world: World, id_: str, one: Named, other: Named) -> None:
    pair: list[JSON] = [*sorted([hashed(one), hashed(other)])]
    say(world, "contact.linked", id_, BEFORE, {"contact_ids": pair})


def works(world: World, data: st.DataObject) -> bool:
    """A few steps, none of which loses sight of what waits. Returns whether anything did."""
    waited = False
    for _ in range(data.draw(st.integers(0, 8))):
        if waiting := world.waiting():
            world.work(data.draw(st.sampled_from(waiting)), data.draw(st.integers(1, 4)))
            waited = waited or bool(world.waiting_erasures())
            assert world.waiting_erasures() <= asking(world.table())
    return waited


@given(st.sampled_from(CLASSES), st.permutations(ADDRESSES), st.data())
def test_whoever_waits_to_have_a_person_forgotten_asks_for_it_until_then(
    voters: tuple[Named, Named], addresses: list[Named], data: st.DataObject
) -> None:
    """So no backup is taken meanwhile, which would know nothing of what waits."""
    world, waited = WithoutReceipts(), False
    used = data.draw(st.sampled_from(["email", "phone"]))
    mine = next(each for each in addresses if used in each)
    other = next(each for each in addresses if used not in each)
    say(world, "form.submitted", "f", BEFORE, {"contact": {**voters[0], **mine, **other}, "form_id": "f"})
    world.settle()
    for number in range(data.draw(st.integers(1, 4))):
        if data.draw(st.booleans()):
            link(world, f"l{number}", data.draw(st.sampled_from([mine, other])), voters[1])
        whose = data.draw(st.sampled_from([mine, other, *voters]) | contacts(1))
        say(world, "contact.erased", f"e{number}", data.draw(TIMES), {"contact": whose})
        waited = works(world, data) or waited
    world.settle()
    event(f"waited: {waited}")
    assert not asking(world.table())
    assert not any(node.held or node.waiting for node in world.nodes.values())
