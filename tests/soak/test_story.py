"""What is said in a soak is known beforehand, those who are forgotten included."""

from collections import Counter

from events.contact import Contact
from events.identifiers import Hasher
from streams.demo.truth import ContactFields
from tests.soak.story import SAID_OF_THE_FORGOTTEN, story

HASHER = Hasher([b"key"])


def identify(contact: ContactFields) -> str:
    return HASHER.fragment(Contact.model_validate(contact)) or ""


def test_the_same_seed_tells_the_same_story() -> None:
    one, again, other = (story(seed, 400, 60, identify) for seed in (1, 1, 2))
    assert [each.value for each in one.publications] == [each.value for each in again.publications]
    assert one.outcome == again.outcome
    assert [each.value for each in one.publications] != [each.value for each in other.publications]


def test_links_retractions_and_erasures_are_told() -> None:
    told = story(1, 400, 60, identify)
    types = Counter(one.sent.type for one in told.publications)
    assert min(types["contact.linked"], types["interaction.retracted"]) > 0
    assert types["contact.erased"] == len(told.forgotten) == 3


def test_of_the_forgotten_much_is_said_and_nothing_is_left() -> None:
    told = story(1, 400, 60, identify)
    of_whom = Counter(one.sent.contact.get("contact_id") for one in told.publications)
    assert all(of_whom[name] == SAID_OF_THE_FORGOTTEN + 1 for name in told.forgotten)
    assert not told.forgotten & told.outcome.profiles.keys()
