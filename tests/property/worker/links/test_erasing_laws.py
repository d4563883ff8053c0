"""Laws of erasing people while words of theirs wait."""

from hypothesis import assume, event, given
from hypothesis import strategies as st

from events.contact import Contact
from events.json_types import JSON
from events.topics import CONTACT_ALERTS, INTERACTIONS
from streams.engine.writer import Output
from tests.property.worker.links.sayings import HASHER, TIMES, Saying, as_they_come, contacts, interaction
from tests.property.worker.links.truth import Truth
from tests.property.worker.links.world import World, asking
from tests.unit.domain.contact.said import HOUR
from tests.unit.events.records import NOW

OLDER, BEFORE, ERASED, AFTER = (NOW - hours * HOUR for hours in (40, 30, 20, 10))
ADA: dict[str, JSON] = {"contact_id": "crm.ada"}


Named = dict[str, JSON]
CLASSES: tuple[tuple[Named, Named], ...] = (
    ({"voter_id": "NY:1"}, {"voter_id": "NY:2"}),
    ({"external": {"van": "1"}}, {"external": {"van": "2"}}),
)
"""Two of one class, who are two people."""
ADDRESSES: tuple[Named, ...] = (
    {"email": "ada@example.org"},
    {"email": "bo@example.org"},
    {"email": "cy@example.org"},
    {"phone": "212 555 0199"},
    {"phone": "212 555 0198"},
)


class Story:
    """Is told to the agents and to the truth."""

    def __init__(self) -> None:
        self.world, self.truth = World(), Truth()
        self.count = 0

    def say(self, type_: str, time: int, contact: dict[str, JSON], **data: JSON) -> None:
        self.count += 1
        said = Saying(interaction(type_, f"i{self.count}", time, "team/a", {"contact": contact, **data}), NOW)
        self.world.say(said.interaction, said.appended_at)
        self.truth.hear(said.interaction, self.world.hasher, said.appended_at)

    def form(self, time: int, contact: dict[str, JSON]) -> None:
        self.say("form.submitted", time, contact, form_id="f")

    def agrees(self) -> bool:
        told = self.world.profiles(), self.world.merged(), self.world.closed()
        return told == (self.truth.profiles(), self.truth.merged(), self.truth.closed())


def others(most: int) -> st.SearchStrategy[dict[str, JSON]]:
    """Identifiers that are weaker than Ada's."""
    return contacts(most).filter(lambda contact: "contact_id" not in contact)


@given(others(2), st.data())
def test_whom_a_fragment_names_right_behind_its_erasure(named: dict[str, JSON], data: st.DataObject) -> None:
    story = Story()
    story.form(BEFORE, ADA)
    story.form(BEFORE, named)
    story.world.settle()
    story.say("contact.erased", ERASED, ADA)
    story.form(AFTER, {**ADA, **named})
    as_they_come(story.world, data)
    assert story.agrees()


@given(others(2), others(2), st.data())
def test_an_older_erasure_of_somebody_who_began_anew(
    named: dict[str, JSON], other: dict[str, JSON], data: st.DataObject
) -> None:
    """It reaches whom the newer one has reached as well, and they keep what they have since."""
    story = Story()
    story.form(BEFORE, {**ADA, **named})
    story.world.settle()
    story.say("contact.erased", ERASED, ADA)
    story.world.settle()
    story.form(AFTER, named)
    story.form(AFTER, {**ADA, **named})
    story.form(AFTER, {**ADA, **other})
    story.world.settle()
    story.say("contact.erased", OLDER, other)
    as_they_come(story.world, data)
    assert story.agrees()


ALONE = contacts(most=1).filter(lambda named: named.get("external") != {"actblue": "1", "van": "1"})


@st.composite
def two_and_an_address(draw: st.DrawFn) -> tuple[Named, Named, Named]:
    """One who uses the address, one whom a command links with it, and the address, under which the command lies."""
    known, late = draw(st.permutations(draw(st.sampled_from(CLASSES))))
    address = draw(st.sampled_from(ADDRESSES))
    assume(hashed(address) < hashed(late))
    return known, late, address


def hashed(contact: Named) -> str:
    return HASHER.fragment(Contact.model_validate(contact)) or ""


def link(story: Story, one: Named, other: Named) -> None:
    pair: list[JSON] = [*sorted([hashed(one), hashed(other)])]
    said = Saying(interaction("contact.linked", "link", BEFORE, "office/desk", {"contact_ids": pair}), NOW)
    story.world.say(said.interaction, said.appended_at)
    story.truth.hear(said.interaction, story.world.hasher, said.appended_at)


def sayings(story: Story, data: st.DataObject) -> None:
    """Of anybody, under one identifier: whom words name that wait is linked behind the erasure."""
    for each in data.draw(st.lists(ALONE, max_size=4)):
        story.form(BEFORE, each)


@given(two_and_an_address(), st.data())
def test_an_erasure_reaches_no_other_voter_though_a_voters_first_words_wait(
    who: tuple[Named, Named, Named], data: st.DataObject
) -> None:
    """Whatever else waits there, and however far it is read before all else is."""
    known, late, address = who
    lags = INTERACTIONS, partition_of(story := Story(), late)
    story.form(BEFORE, {**known, **address})
    story.world.settle()
    sayings(story, data)
    story.form(BEFORE, late)
    sayings(story, data)
    link(story, address, late)
    story.say("contact.erased", ERASED, address)
    for _ in range(data.draw(st.integers(0, 3))):
        if lags in story.world.waiting():
            story.world.work(lags, data.draw(st.integers(1, 4)))
    story.world.settle(lags)
    event(f"waits: {any(node.waiting for node in story.world.nodes.values())}")
    as_they_come(story.world, data)
    assert not any(node.held or node.waiting for node in story.world.nodes.values())
    assert story.agrees()


def partition_of(story: Story, contact: Named) -> int:
    return story.world.partition_of(hashed(contact))


class WithoutReceipts(World):
    """Of a command that is heard after another one that reached its fragment there may be two."""

    def publish(self, output: Output) -> None:
        if output.topic != CONTACT_ALERTS:
            super().publish(output)


def say(world: World, type_: str, id_: str, time: int, data: dict[str, JSON]) -> None:
    said = Saying(interaction(type_, id_, time, "team/a", data), NOW)
    world.say(said.interaction, said.appended_at)


def link_in(world: World, id_: str, one: Named, other: Named) -> None:
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
            link_in(world, f"l{number}", data.draw(st.sampled_from([mine, other])), voters[1])
        whose = data.draw(st.sampled_from([mine, other, *voters]) | contacts(1))
        say(world, "contact.erased", f"e{number}", data.draw(TIMES), {"contact": whose})
        waited = works(world, data) or waited
    world.settle()
    event(f"waited: {waited}")
    assert not asking(world.table())
    assert not any(node.held or node.waiting for node in world.nodes.values())
