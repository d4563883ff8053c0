"""What the topics say of people who are linked and parted."""

from events.topics import CONTACT_FRAGMENTS, CONTACT_LINKS, CONTACT_STATE
from tests.unit.worker.links.town import ADA, BO, BY_EMAIL, Town


def test_who_was_never_heard_of_is_linked_and_nothing_else() -> None:
    town = Town()
    town.say("email.opened", {**ADA, **BY_EMAIL})

    email = town.hashed(BY_EMAIL)
    assert town.latest(CONTACT_LINKS, email).json == {"merged_into": "crm.ada"}
    assert email not in town.world.latest[CONTACT_STATE]
    assert town.world.latest[CONTACT_FRAGMENTS] == {}
    assert town.profile("crm.ada")["merged_from"] == []


def test_an_unlink_shows_both_again_with_what_came_in_between() -> None:
    town = Town()
    town.say("email.opened", ADA)
    town.say("donation.made", BO)
    town.link("crm.ada", "crm.bo", "2012-02-20T10:00:00Z")
    town.say("text.replied", BO)
    town.unlink("crm.ada", "crm.bo", "2012-02-21T10:00:00Z")

    assert town.profile("crm.ada")["counts"] == {"email.opened": 1}
    assert town.profile("crm.bo")["counts"] == {"donation.made": 1, "text.replied": 1}
    assert town.latest(CONTACT_LINKS, "crm.bo").value is None
    assert town.latest(CONTACT_FRAGMENTS, "crm.ada/crm.bo").value is None
