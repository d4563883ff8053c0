"""A person is forgotten: what is told of it, what is left, and how somebody begins anew."""

import pytest
from msgspec.structs import replace

from events.json_types import JSON
from events.topics import (
    CONTACT_ALERTS,
    CONTACT_FRAGMENTS,
    CONTACT_LINKS,
    CONTACT_STATE,
    IDENTITY_LINKS,
    INTERACTIONS,
)
from streams.domain.contact import decode, encode
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.domain.contact.identity.identity_status import IdentityStatus
from streams.engine.store import Position
from tests.unit.worker.links.town import (
    ADA,
    BO,
    BY_EMAIL,
    BY_PHONE,
    T1,
    T2,
    T3,
    T4,
    Town,
    erased,
    reason,
    shut_as_erased,
    stands_alone,
)

NY_1: dict[str, JSON] = {"voter_id": "NY:1"}
NY_2: dict[str, JSON] = {"voter_id": "NY:2"}


def test_every_name_is_null_and_closed_to_everyone_and_there_is_one_receipt() -> None:
    town = erased()
    email = town.hashed(BY_EMAIL)

    assert {name: reason(town, name) for name in ("crm.ada", email)} == {"crm.ada": b"erased", email: b"erased"}
    why = {"reason": "erased", "since": "2012-02-21T09:00:00.000Z", "source": "team/a", "id": "erasure"}
    shut = dict.fromkeys(("email", "text", "phone", "door", "letter"), why)
    assert town.world.closed() == {"crm.ada": shut, email: shut}
    [receipt] = town.world.alerts
    assert (receipt["rule"], receipt["contact_id"], receipt["at"]) == ("erased", "crm.ada", why["since"])
    assert receipt["evidence"] == [{"source": "team/a", "id": "erasure"}]
    assert list(town.world.latest[CONTACT_ALERTS]) == ["crm.ada"]


def test_after_an_erasure_nothing_leads_from_one_name_of_the_person_to_another() -> None:
    town = erased()
    email = town.hashed(BY_EMAIL)

    assert stands_alone(town, email)
    assert stands_alone(town, "crm.ada")
    assert town.latest(CONTACT_LINKS, email).value is None
    assert all(latest.value is None for latest in town.world.latest[IDENTITY_LINKS].values())


def test_a_name_that_was_only_named_beside_another_one_is_closed_too() -> None:
    """No interaction was ever keyed by it, so nothing was kept under it before."""
    town = Town()
    town.say("form.submitted", {**ADA, **BY_EMAIL, **BY_PHONE}, time=T1)
    town.say("contact.erased", ADA, time=T2)

    assert shut_as_erased(town) == {"crm.ada", town.hashed(BY_EMAIL), town.hashed(BY_PHONE)}


def test_of_two_addresses_that_a_command_made_one_person_both_are_closed() -> None:
    town = Town()
    one, other = sorted([town.hashed(BY_EMAIL), town.hashed(BY_PHONE)])
    town.say("form.submitted", BY_EMAIL, time=T1)
    town.say("form.submitted", BY_PHONE, time=T1)
    town.link(one, other, T1)
    town.say("contact.erased", BY_PHONE, time=T2)

    assert shut_as_erased(town) == {one, other}
    assert len(town.world.alerts) == 1


def test_the_last_record_of_a_name_that_was_absorbed_leads_nowhere() -> None:
    """A reader who comes to it behind the null of `contact-links`, or without that, must not find a survivor there."""
    town = Town()
    town.say("email.opened", BY_EMAIL, time=T1)
    town.say("form.submitted", {**ADA, **BY_EMAIL}, time=T1)
    assert reason(town, town.hashed(BY_EMAIL)) == b"merged"
    town.say("contact.erased", BY_EMAIL, time=T2)

    assert reason(town, town.hashed(BY_EMAIL)) == b"erased"
    erased_now, alone = (town.latest(topic, town.hashed(BY_EMAIL)) for topic in (CONTACT_STATE, CONTACT_LINKS))
    assert "merged_into" not in erased_now.headers
    assert int(erased_now.headers["version"] or b"") > int(alone.headers["version"] or b"")


def test_after_an_erasure_no_more_than_the_marks_of_it_are_left_of_the_person() -> None:
    town = erased()
    for name in ("crm.ada", town.hashed(BY_EMAIL)):
        state = decode(town.world.table()[name.encode()])

        assert (state.facts, state.commands, state.carried, state.weight, state.clock) == ({}, {}, (), 0, 0)
        assert state.place is not None
        assert state.place.erased is not None
        assert state.place.asked is None


def test_after_an_erasure_late_or_weak_interactions_are_in_vain() -> None:
    town = erased()
    before = town.world.table()
    for contact in (ADA, BY_EMAIL, {**ADA, **BY_EMAIL}):
        town.say("donation.made", contact, time=T1)
        town.say("email.opened", contact, time=T3)
        town.say("consent.changed", contact, granted=False, time=T2)
        town.say("contact.suppressed", contact, time=T2)
        town.say("contact.erased", contact, "erasure", time=T2)

    assert town.world.table() == before
    assert town.world.profiles() == {}
    assert len(town.world.alerts) == 1


def test_a_gift_a_form_or_a_yes_begins_a_new_record_with_nothing_of_the_old() -> None:
    for type_ in ("donation.made", "form.submitted", "consent.changed"):
        town = erased()
        town.say(type_, ADA, time=T3)
        town.say("email.opened", ADA, time=T4)
        town.say("email.clicked", ADA, time=T1)

        profile = town.profile("crm.ada")
        assert profile["counts"] == {type_: 1, "email.opened": 1}
        assert profile["merged_from"] == []
        assert shut_as_erased(town) == {town.hashed(BY_EMAIL)}


def test_another_name_of_the_person_begins_for_itself() -> None:
    town = erased()
    email = town.hashed(BY_EMAIL)
    town.say("donation.made", BY_EMAIL, time=T3)

    assert town.world.profiles().keys() == {email}
    assert town.world.closed().keys() == {"crm.ada"}
    assert stands_alone(town, "crm.ada")


def test_names_that_meet_again_are_one_person_with_nothing_of_the_old() -> None:
    town = erased()
    town.say("donation.made", BY_EMAIL, time=T3)
    town.say("form.submitted", {**ADA, **BY_EMAIL}, time=T3)

    assert town.world.merged() == {town.hashed(BY_EMAIL): "crm.ada"}
    assert town.profile("crm.ada")["counts"] == {"donation.made": 1, "form.submitted": 1}
    assert town.world.closed() == {}


@pytest.mark.parametrize("type_", ["email.unsubscribed", "donation.made"])
def test_a_new_record_under_one_name_opens_another_that_is_linked_again_whatever_links_it(type_: str) -> None:
    """Nobody who asks by either is told that the person is erased: the person of today has a record."""
    town = erased()
    town.say("donation.made", BY_EMAIL, time=T3)
    town.say(type_, {**ADA, **BY_EMAIL}, time=T4)

    assert town.world.profiles().keys() == {"crm.ada"}
    assert town.world.merged() == {town.hashed(BY_EMAIL): "crm.ada"}
    assert shut_as_erased(town) == set()


def test_a_link_with_somebody_who_has_a_record_opens_a_name_for_as_long_as_it_holds() -> None:
    town = erased()
    email = town.hashed(BY_EMAIL)
    town.say("form.submitted", BO, time=T1)
    town.link("crm.bo", email, T3)
    assert town.world.merged() == {email: "crm.bo"}
    assert shut_as_erased(town) == {"crm.ada"}

    town.unlink("crm.bo", email, T4)
    assert shut_as_erased(town) == {"crm.ada", email}
    assert town.world.profiles().keys() == {"crm.bo"}


def test_a_link_with_a_name_of_which_nothing_was_heard_opens_nothing() -> None:
    """Whoever asks by the erased name is led to the other one, so that is closed as well; an unlink opens it again."""
    town = erased()
    email = town.hashed(BY_EMAIL)
    town.link("crm.bo", email, T3)
    assert town.world.merged() == {email: "crm.bo"}
    assert shut_as_erased(town) == {"crm.ada", "crm.bo"}
    assert reason(town, "crm.bo") == b"erased"

    town.unlink("crm.bo", email, T4)
    assert shut_as_erased(town) == {"crm.ada", email}
    assert reason(town, "crm.bo") == b"forgotten"


def test_a_name_that_was_linked_to_an_erased_one_begins_a_record_for_both() -> None:
    town = erased()
    town.link("crm.bo", town.hashed(BY_EMAIL), T3)
    town.say("form.submitted", BO, time=T4)

    assert town.world.profiles().keys() == {"crm.bo"}
    assert shut_as_erased(town) == {"crm.ada"}


def test_somebody_who_is_erased_again_under_another_name_has_a_receipt_for_each_erasure() -> None:
    town = erased()
    town.say("donation.made", {**BY_EMAIL, **BY_PHONE}, time=T3)
    town.say("contact.erased", BY_PHONE, "again", time=T4)

    email = town.hashed(BY_EMAIL)
    assert [(receipt["contact_id"], receipt["at"]) for receipt in town.world.alerts] == [
        ("crm.ada", "2012-02-21T09:00:00.000Z"),
        (email, "2012-02-22T09:00:00.000Z"),
    ]
    assert shut_as_erased(town) == {"crm.ada", email, town.hashed(BY_PHONE)}


def test_while_an_erasure_waits_its_own_name_is_closed_though_another_one_speaks_for_it() -> None:
    """It is under a name of which nothing else is known; whether that one is reached too is still being asked."""
    town = Town()
    email, voter = town.hashed(BY_EMAIL), town.hashed(NY_1)
    town.say("form.submitted", BY_EMAIL, time=T1)
    town.link(email, voter, T1)
    assert town.world.merged() == {email: voter}
    town.append("contact.erased", {"contact": BY_EMAIL}, "erasure", T2)
    for topic in (INTERACTIONS, CONTACT_FRAGMENTS):
        for log in [log for log in town.world.waiting() if log[0] == topic]:
            town.world.work(log, 100)
    assert shut_as_erased(town) == {voter}
    assert reason(town, voter) == b"erased"

    town.world.settle()
    assert shut_as_erased(town) == {email, voter}
    assert [receipt["contact_id"] for receipt in town.world.alerts] == [voter]


def test_who_was_erased_by_an_older_version_stays_as_it_was_until_erased_again() -> None:
    """That one marked the canonical id alone, and kept of the others no more than a trace without a name."""
    town = erased()
    email = town.hashed(BY_EMAIL)
    store = town.world.stores[town.world.partition_of(email)]
    state = decode(town.world.table()[email.encode()])
    assert state.place is not None
    old = replace(
        state, place=IdentityStatus(told=state.place.told, erased=state.place.erased, swept=state.place.swept)
    )
    store.write({email.encode(): None, trace_key(email): encode(old)}, Position("topic", 1, 0))

    town.say("email.opened", BY_EMAIL, time=T3)
    assert trace_key(email) in town.world.table()
    town.say("contact.erased", BY_EMAIL, "again", time=T3)
    assert trace_key(email) not in town.world.table()
    assert shut_as_erased(town) == {"crm.ada", email}


def test_an_erasure_that_names_two_forgets_both() -> None:
    town = Town()
    town.say("email.opened", ADA, time=T1)
    town.say("email.opened", BY_EMAIL, time=T1)
    town.say("contact.erased", {**ADA, **BY_EMAIL}, time=T2)

    assert town.world.profiles() == {}
    assert reason(town, "crm.ada") == b"erased"
    assert reason(town, town.hashed(BY_EMAIL)) == b"erased"
    assert stands_alone(town, town.hashed(BY_EMAIL))


def test_somebody_who_was_never_heard_of_may_be_erased() -> None:
    town = Town()
    town.say("contact.erased", BO, time=T2)
    town.say("email.opened", BO, time=T1)

    assert reason(town, "crm.bo") == b"erased"
    assert town.world.closed().keys() == {"crm.bo"}
    assert town.world.profiles() == {}


def test_versions_go_on_after_an_erasure() -> None:
    town = erased()
    town.say("donation.made", BY_EMAIL, time=T3)  # the world holds every version against the one before it
    town.say("form.submitted", {**ADA, **BY_EMAIL}, time=T3)
    town.say("contact.erased", ADA, time=T4)
    town.say("donation.made", BY_EMAIL)

    assert town.world.profiles().keys() == {town.hashed(BY_EMAIL)}


def test_others_who_know_a_name_of_the_person_keep_what_is_theirs() -> None:
    """They conflict, so the address links nobody, and what Bo's partition heard is Bo's."""
    town = Town()
    for voter in ("NY:1", "NY:2"):
        town.say("email.opened", {"voter_id": voter, **BY_EMAIL}, time=T1)
    town.say("contact.erased", {"voter_id": "NY:1"}, time=T2)

    bo = town.hashed({"voter_id": "NY:2"})
    assert town.world.profiles().keys() == {bo}
    assert town.world.merged() == {town.hashed(BY_EMAIL): bo}


@pytest.mark.parametrize("is_known", [True, False])
def test_whoever_shares_what_a_command_has_given_to_somebody_else_is_erased_without_them(is_known: bool) -> None:
    """The other one was never named with anything, and is a voter of the same state: so they are two people."""
    town = Town()
    if is_known:
        town.say("form.submitted", NY_2, time=T1)
    town.link(town.hashed(BY_EMAIL), town.hashed(NY_2), time=T1)
    town.say("form.submitted", NY_2, time=T1)
    town.say("contact.erased", {**NY_1, **BY_EMAIL}, time=T2)

    assert [*town.world.profiles()] == [town.hashed(NY_2)]
    assert shut_as_erased(town) == {town.hashed(NY_1)}


def test_whoever_was_named_with_what_a_command_gives_to_somebody_else_outlives_them() -> None:
    town = Town()
    town.say("form.submitted", NY_2, time=T1)
    town.say("form.submitted", {**NY_1, **BY_EMAIL}, time=T1)
    town.link(town.hashed(BY_EMAIL), town.hashed(NY_2), time=T1)
    town.say("contact.erased", BY_EMAIL, time=T2)

    assert [*town.world.profiles()] == [town.hashed(NY_1)]
    assert shut_as_erased(town) == {town.hashed(NY_2)}


def test_an_erasure_right_behind_a_command_waits_until_it_is_known_of_which_state_the_other_voter_is() -> None:
    """Nobody has heard yet of the class of whom the command has linked, when the erasure comes to the links agent."""
    town = Town()
    town.say("form.submitted", NY_2, time=T1)
    town.say("form.submitted", {**NY_1, **BY_EMAIL}, time=T1)
    one, other = sorted([town.hashed(BY_EMAIL), town.hashed(NY_2)])
    town.append("contact.linked", {"contact_ids": [one, other]}, "link", T1)
    town.append("contact.erased", {"contact": BY_EMAIL}, "erasure", T2)
    town.world.settle()

    assert [*town.world.profiles()] == [town.hashed(NY_1)]
    assert shut_as_erased(town) == {town.hashed(NY_2)}
