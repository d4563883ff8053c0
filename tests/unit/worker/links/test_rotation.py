"""What an operator says by an address after its key was rotated, before anybody has said the address again."""

import pytest

from events.identifiers import Hasher
from streams.services.contact_decisions.commands import id_pairs
from tests.unit.worker.links.town import ADA, BY_EMAIL, T1, T3, Town

OLD, BOTH = Hasher([b"key"]), Hasher([b"new", b"key"])
ADDRESS = str(BY_EMAIL["email"])


@pytest.fixture
def town() -> Town:
    """Ada and her address opened e-mails apart, under the old key."""
    town = Town()
    town.world.hasher = OLD
    town.say("email.opened", ADA, time=T1)
    town.say("email.opened", BY_EMAIL, time=T1)
    return town


def test_an_unlink_is_obeyed_at_once(town: Town) -> None:
    town.say("form.submitted", {**ADA, **BY_EMAIL}, time=T1)
    assert town.world.merged() == {OLD.email(ADDRESS): "crm.ada"}
    town.world.hasher = BOTH
    for pair in id_pairs(BOTH, "crm.ada", ADDRESS):
        town.unlink(*pair, T3)
    assert town.world.merged() == {}

    town.say("email.opened", BY_EMAIL)
    [(name, roof)] = town.world.merged().items()
    assert {name, roof} == {OLD.email(ADDRESS), BOTH.email(ADDRESS)}


def test_a_link_is_obeyed_at_once(town: Town) -> None:
    town.world.hasher = BOTH
    for pair in id_pairs(BOTH, ADDRESS, "crm.ada"):
        town.link(*pair, T3)

    assert town.profile("crm.ada")["counts"] == {"email.opened": 2}


def test_an_erasure_and_a_suppression_by_the_address_reach_what_was_said_under_the_old_key(town: Town) -> None:
    town.world.hasher = BOTH
    town.say("contact.suppressed", BY_EMAIL, time=T1)
    [closed] = town.world.closed()
    assert town.profile(closed)["counts"] == {"email.opened": 1}

    town.say("contact.erased", BY_EMAIL, time=T3)
    assert town.world.profiles().keys() == {"crm.ada"}


def test_what_is_no_address_is_an_id_and_one_that_cannot_be_read_is_left_to_the_judge() -> None:
    assert id_pairs(BOTH, "crm.ada", "crm.bo") == [("crm.ada", "crm.bo")]
    assert id_pairs(BOTH, "crm.ada", "no@address") == [("crm.ada", "no@address")]
