"""Any story of people and their identifiers, told in any pieces, comes out as the truth."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from events.json_types import JSON
from tests.property.links.sayings import NODES, TIMES, Saying, contacts, happenings, interaction
from tests.property.links.truth import Truth
from tests.property.links.world import World
from tests.unit.contact.said import HOUR
from tests.unit.events.records import NOW

APPENDED = st.integers(0, 5 * 24).map(lambda step: NOW + step * HOUR)
PAIRS = st.lists(st.sampled_from(NODES), min_size=2, max_size=2, unique=True)


class Story(RuleBasedStateMachine):
    """What is said is appended at once; what the agents make of it comes in any order and any pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.truth = Truth()
        self.said: list[Saying] = []
        self.count = 0

    def say(self, saying: Saying) -> None:
        self.world.say(saying.interaction, saying.appended_at)
        self.truth.hear(saying.interaction, self.world.hasher, saying.appended_at)
        self.said.append(saying)

    def next_id(self) -> str:
        self.count += 1
        return f"i{self.count}"

    @rule(data=st.data(), at=APPENDED)
    def something_happens(self, data: st.DataObject, at: int) -> None:
        self.say(Saying(data.draw(happenings(self.next_id())), at))

    @precondition(lambda self: self.said)
    @rule(data=st.data(), at=APPENDED)
    def it_comes_again(self, data: st.DataObject, at: int) -> None:
        again = data.draw(st.sampled_from(self.said))
        self.say(Saying(again.interaction, max(at, again.appended_at)))

    @rule(pair=PAIRS, time=TIMES, same=st.booleans(), at=APPENDED)
    def somebody_rules(self, pair: list[str], time: int, same: bool, at: int) -> None:
        type_ = "contact.linked" if same else "contact.unlinked"
        said = interaction(type_, self.next_id(), time, "office/desk", {"contact_ids": list(pair)})
        self.say(Saying(said, at))

    @rule(contact=contacts(), time=TIMES, until=st.none() | st.just("2012-12-01T00:00:00.000Z"), at=APPENDED)
    def somebody_is_suppressed(self, contact: dict[str, JSON], time: int, until: str | None, at: int) -> None:
        said = interaction(
            "contact.suppressed", self.next_id(), time, "office/desk", {"contact": contact, "until": until}
        )
        self.say(Saying(said, at))

    @precondition(lambda self: self.said)
    @rule(data=st.data(), time=TIMES, at=APPENDED)
    def something_is_taken_back(self, data: st.DataObject, time: int, at: int) -> None:
        taken = data.draw(st.sampled_from(self.said)).interaction
        plain = taken.data.contact.plain() or {"contact_id": data.draw(st.sampled_from(["c1", "c2"]))}
        contact = data.draw(st.just(plain) | contacts())
        fields: dict[str, JSON] = {"contact": contact, "retracts": {"source": taken.source, "id": taken.id}}
        self.say(Saying(interaction("interaction.retracted", self.next_id(), time, "team/a", fields), at))

    @precondition(lambda self: self.world.waiting())
    @rule(data=st.data(), count=st.integers(1, 5))
    def an_agent_works(self, data: st.DataObject, count: int) -> None:
        self.world.work(data.draw(st.sampled_from(self.world.waiting())), count)

    @rule(contact=contacts(2), time=TIMES)
    def somebody_is_erased(self, contact: dict[str, JSON], time: int) -> None:
        """Either side of it is in any order, so it meets agents at rest."""
        self.world.settle()
        said = interaction("contact.erased", self.next_id(), time, "office/desk", {"contact": contact})
        self.say(Saying(said, NOW))
        self.world.settle()

    def teardown(self) -> None:
        self.world.settle()
        self.agrees()

    def agrees(self) -> None:
        world, truth = self.world, self.truth
        assert world.profiles() == truth.profiles()
        assert world.merged() == truth.merged()
        assert world.closed() == truth.closed()


Story.TestCase.settings = settings(max_examples=300, stateful_step_count=30, deadline=None, report_multiple_bugs=False)
TestStory = Story.TestCase
