"""A voter's first words wait in a partition that lags, while an erasure asks of which class the voter is."""

from hypothesis import assume, event, given
from hypothesis import strategies as st

from events.contact import Contact
from events.json_types import JSON
from events.topics import INTERACTIONS
from tests.property.worker.links.sayings import HASHER, Saying, as_they_come, contacts, interaction
from tests.property.worker.links.test_lagging import BEFORE, ERASED, Story
from tests.unit.events.records import NOW

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
