"""Who is to be left alone and of whom nothing else is known: whoever asks by the profile has to find that out."""

import pytest

from events.json_types import JSON
from streams.domain.contact import ContactState, profile
from tests.unit.worker.links.town import ADA, BO, BY_EMAIL, T1, T2, T3, T4, Town, erased, reason, shut_as_erased

LEFT_ALONE = {"reason": "suppressed", "at": "2012-02-20T09:00:00.000Z", "source": "team/a", "id": "stop"}


def suppressed(contact: dict[str, JSON]) -> Town:
    town = Town()
    town.say("contact.suppressed", contact, "stop", time=T1)
    return town


@pytest.mark.parametrize("contact", [ADA, BY_EMAIL])
def test_a_suppressed_contact_has_a_profile_with_its_stops_and_nothing_else(contact: dict[str, JSON]) -> None:
    town = suppressed(contact)
    name = town.hashed(contact)

    empty = {**profile(name, ContactState())}
    del empty["version"]
    assert town.world.profiles() == {name: empty | {"stops": {"all": LEFT_ALONE, "senders": {}, "lists": {}}}}
    assert town.world.closed().keys() == {name}


def test_a_suppressed_contact_is_forgotten_once_every_suppression_is_retracted() -> None:
    town = suppressed(ADA)
    town.say("contact.suppressed", ADA, "again", time=T2)
    town.retract("again", ADA)
    assert stops(town) == {"all": LEFT_ALONE, "senders": {}, "lists": {}}

    town.retract("stop", ADA)
    assert town.world.profiles() == {}
    assert town.world.closed() == {}
    assert reason(town, "crm.ada") == b"forgotten"


def test_a_suppression_that_was_retracted_before_it_came_leaves_nothing() -> None:
    town = Town()
    town.retract("stop", ADA)
    town.say("contact.suppressed", ADA, "stop", time=T1)

    assert town.world.profiles() == {}
    town.say("email.opened", ADA, time=T1)
    assert town.profile("crm.ada")["counts"] == {"email.opened": 1}


def test_a_suppression_may_be_retracted_under_another_identifier_of_the_person() -> None:
    for linked_first in (True, False):
        town = suppressed(ADA)
        if linked_first:
            town.link("crm.ada", "crm.bo", T2)
        town.retract("stop", BO)
        if not linked_first:
            assert town.profile("crm.bo")["counts"] == {}
            town.link("crm.ada", "crm.bo", T2)

        assert town.world.profiles() == {}
        town.unlink("crm.ada", "crm.bo", T3)
        assert town.world.profiles().keys() == {"crm.ada", "crm.bo"}


def test_who_had_something_else_taken_back_keeps_an_empty_profile() -> None:
    town = suppressed(ADA)
    town.say("donation.made", ADA, "gift", time=T1)
    town.retract("gift", ADA)
    town.retract("stop", ADA)

    assert town.profile("crm.ada")["counts"] == {}


def test_such_a_name_joins_a_person_and_parts_again_with_its_stop() -> None:
    town = suppressed(BO)
    town.say("form.submitted", ADA, time=T1)
    town.link("crm.ada", "crm.bo", T2)
    assert reason(town, "crm.bo") == b"merged"
    assert stops(town)["all"] == LEFT_ALONE
    assert town.profile("crm.ada")["merged_from"] == []

    town.unlink("crm.ada", "crm.bo", T3)
    assert "all" not in stops(town)
    assert stops(town, "crm.bo")["all"] == LEFT_ALONE


def test_who_was_erased_stays_erased_under_every_name_though_it_is_to_be_left_alone() -> None:
    """The suppression holds once there is a new record; until then the erasure closes more."""
    town = erased()
    email = town.hashed(BY_EMAIL)
    for contact in (ADA, BY_EMAIL):
        town.say("contact.suppressed", contact, time=T3)
        town.say("email.opened", contact, time=T4)

    assert town.world.profiles() == {}
    assert shut_as_erased(town) == {"crm.ada", email}
    town.say("donation.made", BY_EMAIL, time=T4)
    assert town.world.profiles().keys() == {email}
    assert "all" in stops(town, email)


def test_what_is_kept_of_the_erased_in_case_they_begin_anew_is_not_shown_with_a_stop() -> None:
    town = erased()
    email = town.hashed(BY_EMAIL)
    town.link("crm.bo", email, T3)
    town.say("email.opened", BY_EMAIL, time=T4)
    town.say("email.unsubscribed", BY_EMAIL, time=T4)
    town.say("contact.suppressed", BO, time=T4)
    assert town.world.profiles() == {}
    assert shut_as_erased(town) == {"crm.ada", "crm.bo"}

    town.say("donation.made", BO, time=T4)
    assert town.profile("crm.bo")["counts"] == {"email.unsubscribed": 1, "email.opened": 1, "donation.made": 1}
    assert stops(town, "crm.bo").keys() >= {"all", "email"}


def stops(town: Town, contact_id: str = "crm.ada") -> dict[str, JSON]:
    found = town.profile(contact_id)["stops"]
    assert isinstance(found, dict)
    return found
