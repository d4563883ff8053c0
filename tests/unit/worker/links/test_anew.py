"""After an erasure: a no and a command hold from then on, and a new record is that of the person, not of one name."""

from streams.domain.contact import decode
from tests.unit.worker.links.town import (
    ADA,
    BO,
    BY_EMAIL,
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


def test_a_no_that_is_later_than_the_erasure_shows_nothing_and_binds_the_new_record() -> None:
    for refusal, field in (("email.unsubscribed", "email"), ("email.complained", "email"), ("text.opted_out", "text")):
        for opened_first in (True, False):
            town = erased()
            town.say("donation.made" if opened_first else refusal, ADA, time=T3 if opened_first else T4)
            assert bool(town.world.profiles()) is opened_first
            assert shut_as_erased(town) == {town.hashed(BY_EMAIL), *(() if opened_first else ("crm.ada",))}
            town.say(refusal if opened_first else "donation.made", ADA, time=T4 if opened_first else T3)

            assert stops(town) >= {field}
            assert town.profile("crm.ada")["counts"] == {"donation.made": 1, refusal: 1}
            closed = town.world.closed()["crm.ada"]
            assert isinstance(closed, dict)
            assert closed.keys() == {field}


def stops(town: Town) -> set[str]:
    found = town.profile("crm.ada")["stops"]
    assert isinstance(found, dict)
    return {*found}


def test_a_yes_before_a_no_is_no_yes_in_whichever_order_they_come() -> None:
    for yes_first in (True, False):
        town = erased()
        if yes_first:
            town.say("consent.changed", ADA, time=T3, channel="email", granted=True)
        town.say("email.unsubscribed", ADA, time=T4)
        if not yes_first:
            town.say("consent.changed", ADA, time=T3, channel="email", granted=True)

        assert town.profile("crm.ada")["consent"] == {"email": False}


def test_a_retraction_that_is_later_than_the_erasure_may_come_before_what_it_takes_back() -> None:
    town = erased()
    town.retract("gift", ADA)
    town.say("donation.made", ADA, "gift", time=T3)

    assert town.profile("crm.ada")["counts"] == {}


def test_every_name_of_a_person_who_began_anew_is_heard_again() -> None:
    """Under whichever of them the new record began."""
    for other in (ADA, BY_EMAIL):
        town = erased()
        town.say("donation.made", {**ADA, **BY_EMAIL}, time=T3)
        town.say("email.opened", other, time=T3)
        town.say("email.complained", BY_EMAIL, time=T4)
        town.say("contact.suppressed", BY_EMAIL, time=T4)

        counts = {"donation.made": 1, "email.opened": 1, "email.complained": 1}
        assert town.profile("crm.ada")["counts"] == counts
        assert stops(town) >= {"email", "all"}
        assert town.world.closed().keys() == {"crm.ada"}
        assert shut_as_erased(town) == set()


def test_a_canonical_id_whose_person_began_anew_elsewhere_is_heard_again() -> None:
    town = erased()
    town.say("email.unsubscribed", {**ADA, **BY_EMAIL}, time=T3)
    town.say("email.opened", ADA, time=T3)
    town.say("donation.made", BY_EMAIL, time=T3)
    town.say("email.clicked", ADA, time=T4)

    counts = {"email.unsubscribed": 1, "donation.made": 1, "email.clicked": 1}
    assert town.profile("crm.ada")["counts"] == counts
    assert town.profile("crm.ada")["merged_from"] == [town.hashed(BY_EMAIL)]
    assert shut_as_erased(town) == set()


def test_a_name_that_a_no_has_linked_begins_nothing() -> None:
    town = erased()
    town.say("email.unsubscribed", {**ADA, **BY_EMAIL}, time=T3)
    town.say("email.opened", BY_EMAIL, time=T4)

    assert town.world.profiles() == {}
    assert reason(town, "crm.ada") == b"erased"
    assert reason(town, town.hashed(BY_EMAIL)) == b"merged"
    assert shut_as_erased(town) == {"crm.ada"}


def test_commands_that_are_later_than_the_erasure_hold_once_a_record_is_there() -> None:
    town = Town()
    town.say("form.submitted", ADA, time=T1)
    town.say("form.submitted", BO, time=T1)
    town.say("contact.erased", ADA, time=T2)
    town.say("contact.suppressed", ADA, time=T3)
    town.link("crm.ada", "crm.bo", T3)
    town.say("form.submitted", ADA, time=T4)

    assert town.world.merged() == {"crm.bo": "crm.ada"}
    assert town.profile("crm.ada")["counts"] == {"form.submitted": 2}
    assert "all" in stops(town)
    town.unlink("crm.ada", "crm.bo", T4)
    assert town.profile("crm.ada")["counts"] == {"form.submitted": 1}
    assert "crm.bo" in town.world.profiles()


def test_commands_alone_begin_nothing() -> None:
    town = erased()
    town.link("crm.ada", town.hashed(BY_EMAIL), T3)
    town.say("contact.suppressed", BY_EMAIL, time=T3)

    assert town.world.profiles() == {}
    assert town.world.closed().keys() == {"crm.ada"}


def test_a_later_erasure_forgets_what_was_kept_since_the_first() -> None:
    town = erased()
    town.say("email.unsubscribed", {**ADA, **BY_EMAIL}, time=T3)
    town.say("contact.erased", BY_EMAIL, time=T4)

    assert stands_alone(town, town.hashed(BY_EMAIL))
    assert shut_as_erased(town) == {"crm.ada", town.hashed(BY_EMAIL)}
    assert town.world.profiles() == {}
    assert decode(town.world.table()[b"crm.ada"]).facts == {}
