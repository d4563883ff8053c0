"""A person is forgotten: what is told of it, what is left, and how somebody begins anew."""

import pytest

from events.json_types import JSON
from events.topics import CONTACT_ALERTS, CONTACT_LINKS, CONTACT_STATE, IDENTITY_LINKS
from streams.domain.contact import decode
from streams.domain.contact.identity.identity_assignment import trace_key
from tests.unit.worker.links.town import ADA, BO, BY_EMAIL, T1, T2, T3, T4, Town, erased, reason


def test_the_person_is_null_closed_to_everyone_and_there_is_one_receipt() -> None:
    town = erased()

    assert reason(town, "crm.ada") == b"erased"
    why = {"reason": "erased", "since": "2012-02-21T09:00:00.000Z", "source": "team/a", "id": "erasure"}
    assert town.world.closed() == {"crm.ada": dict.fromkeys(("email", "text", "phone", "door", "letter"), why)}
    [receipt] = town.world.alerts
    assert (receipt["rule"], receipt["contact_id"], receipt["at"]) == ("erased", "crm.ada", why["since"])
    assert receipt["evidence"] == [{"source": "team/a", "id": "erasure"}]
    assert list(town.world.latest[CONTACT_ALERTS]) == ["crm.ada"]


def test_after_an_erasure_nothing_is_left_of_the_persons_other_identifiers() -> None:
    town = erased()
    email = town.hashed(BY_EMAIL)

    assert email.encode() not in town.world.compacted()
    assert not any(email.encode() in key + value for key, value in town.world.table().items())
    assert town.latest(CONTACT_LINKS, email).value is None
    assert all(latest.value is None for latest in town.world.latest[IDENTITY_LINKS].values())


def test_the_last_record_of_a_name_that_was_absorbed_leads_nowhere() -> None:
    """A reader who comes to it behind the null of `contact-links`, or without that, must not find a survivor there."""
    town = Town()
    town.say("email.opened", BY_EMAIL, time=T1)
    town.say("form.submitted", {**ADA, **BY_EMAIL}, time=T1)
    assert reason(town, town.hashed(BY_EMAIL)) == b"merged"
    town.say("contact.erased", BY_EMAIL, time=T2)

    assert reason(town, town.hashed(BY_EMAIL)) == b"forgotten"
    forgotten, alone = (town.latest(topic, town.hashed(BY_EMAIL)) for topic in (CONTACT_STATE, CONTACT_LINKS))
    assert "merged_into" not in forgotten.headers
    assert int(forgotten.headers["version"] or b"") > int(alone.headers["version"] or b"")


def test_after_an_erasure_no_more_than_the_mark_of_it_is_left_of_the_person() -> None:
    state = decode(erased().world.table()[b"crm.ada"])

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
        assert town.world.closed() == {}


def test_another_name_of_the_person_begins_for_itself() -> None:
    town = erased()
    email = town.hashed(BY_EMAIL)
    town.say("donation.made", BY_EMAIL, time=T3)

    assert town.world.profiles().keys() == {email}
    assert town.world.closed().keys() == {"crm.ada"}
    assert trace_key(email) not in town.world.table()


def test_names_that_meet_again_are_one_person_with_nothing_of_the_old() -> None:
    town = erased()
    town.say("donation.made", BY_EMAIL, time=T3)
    town.say("form.submitted", {**ADA, **BY_EMAIL}, time=T3)

    assert town.world.merged() == {town.hashed(BY_EMAIL): "crm.ada"}
    assert town.profile("crm.ada")["counts"] == {"donation.made": 1, "form.submitted": 1}


def test_an_erasure_that_names_two_forgets_both() -> None:
    town = Town()
    town.say("email.opened", ADA, time=T1)
    town.say("email.opened", BY_EMAIL, time=T1)
    town.say("contact.erased", {**ADA, **BY_EMAIL}, time=T2)

    assert town.world.profiles() == {}
    assert reason(town, "crm.ada") == b"erased"
    assert reason(town, town.hashed(BY_EMAIL)) == b"forgotten"
    assert town.hashed(BY_EMAIL).encode() not in town.world.compacted()


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


NY_1: dict[str, JSON] = {"voter_id": "NY:1"}
NY_2: dict[str, JSON] = {"voter_id": "NY:2"}


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
    assert [*town.world.closed()] == [town.hashed(NY_1)]


def test_whoever_was_named_with_what_a_command_gives_to_somebody_else_outlives_them() -> None:
    town = Town()
    town.say("form.submitted", NY_2, time=T1)
    town.say("form.submitted", {**NY_1, **BY_EMAIL}, time=T1)
    town.link(town.hashed(BY_EMAIL), town.hashed(NY_2), time=T1)
    town.say("contact.erased", BY_EMAIL, time=T2)

    assert [*town.world.profiles()] == [town.hashed(NY_1)]
    assert [*town.world.closed()] == [town.hashed(NY_2)]


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
    assert [*town.world.closed()] == [town.hashed(NY_2)]
