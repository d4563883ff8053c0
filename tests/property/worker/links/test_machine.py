"""Any story of people and their identifiers, told in any pieces, comes out as the truth."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from events.json_types import JSON
from tests.property.worker.links.sayings import (
    APPENDED,
    TIMES,
    Saying,
    as_they_come,
    contacts,
    happenings,
    interaction,
    retractions,
    rulings,
    sayings_of,
    suppressions,
)
from tests.property.worker.links.truth import Truth
from tests.property.worker.links.world import World
from tests.unit.events.records import NOW


class Story(RuleBasedStateMachine):
    """What is said is appended at once; what the agents make of it comes in any order and any pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.truth = Truth()
        self.said: list[Saying] = []
        self.count = 0

    def say(self, saying: Saying) -> None:
        """What counts only if the person has begun anew meets agents at rest, before it and behind it."""
        if hangs := self.truth.hangs_on_others(saying.interaction, self.world.hasher):
            self.world.settle()
        self._append(saying)
        if hangs:
            self.world.settle()

    def _append(self, saying: Saying) -> None:
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

    @rule(data=st.data(), at=APPENDED)
    def somebody_rules(self, data: st.DataObject, at: int) -> None:
        self.say(Saying(data.draw(rulings(self.next_id())), at))

    @rule(data=st.data(), at=APPENDED)
    def somebody_is_suppressed(self, data: st.DataObject, at: int) -> None:
        self.say(Saying(data.draw(suppressions(self.next_id())), at))

    @precondition(lambda self: self.said)
    @rule(data=st.data(), at=APPENDED)
    def something_is_taken_back(self, data: st.DataObject, at: int) -> None:
        said = [saying.interaction for saying in self.said]
        self.say(Saying(data.draw(retractions(self.next_id(), said)), at))

    @precondition(lambda self: self.world.waiting())
    @rule(data=st.data(), count=st.integers(1, 5))
    def an_agent_works(self, data: st.DataObject, count: int) -> None:
        self.world.work(data.draw(st.sampled_from(self.world.waiting())), count)

    @rule(data=st.data(), contact=contacts(2), time=TIMES)
    def somebody_is_erased(self, data: st.DataObject, contact: dict[str, JSON], time: int) -> None:
        """It acts when it is folded, so other fragments are at rest: else which side a thing is on is anybody's guess.

        What the erased one itself has heard just before and just after it is on the side on which it was said.
        """
        self.world.settle()
        self._say_of(contact, data)
        self._append(
            Saying(interaction("contact.erased", self.next_id(), time, "office/desk", {"contact": contact}), NOW)
        )
        self._say_of(contact, data)
        as_they_come(self.world, data)

    def _say_of(self, contact: dict[str, JSON], data: st.DataObject) -> None:
        """A few things under this very fragment, whose fate nobody else decides."""
        for _ in range(data.draw(st.integers(0, 3))):
            said = data.draw(sayings_of(self.next_id(), contact, self.world.hasher))
            if not self.truth.hangs_on_others(said, self.world.hasher):
                self._append(Saying(said, data.draw(APPENDED)))

    def teardown(self) -> None:
        self.world.settle()
        self.agrees()

    def agrees(self) -> None:
        world, truth = self.world, self.truth
        assert world.profiles() == truth.profiles()
        assert world.merged() == truth.merged()
        assert world.closed() == truth.closed()
        self.receipts_agree()

    def receipts_agree(self) -> None:
        """One for each person who was erased, under the canonical id of that moment."""
        found = {
            (str(alert["contact_id"]), str(each["id"]))
            for alert in self.world.alerts
            if alert["rule"] == "erased" and isinstance(alert["evidence"], list)
            for each in alert["evidence"]
            if isinstance(each, dict)
        }
        assert self.truth.receipts <= found <= self.truth.receipts | self.truth.others


TestStory = Story.TestCase
