"""Erasures while one partition lags behind all others: the same comes out, whoever hears of what first."""

from hypothesis import given
from hypothesis import strategies as st

from events.json_types import JSON
from tests.property.worker.links.sayings import Saying, as_they_come, contacts, interaction
from tests.property.worker.links.truth import Truth
from tests.property.worker.links.world import World
from tests.unit.domain.contact.said import HOUR
from tests.unit.events.records import NOW

OLDER, BEFORE, ERASED, AFTER = (NOW - hours * HOUR for hours in (40, 30, 20, 10))
ADA: dict[str, JSON] = {"contact_id": "crm.ada"}


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
