"""A person is forgotten: what is told of it, what is left, and how somebody begins anew."""

from msgspec.structs import replace

from events.json_types import JSON
from events.topics import (
    CONTACT_ALERTS,
    CONTACT_FRAGMENTS,
    CONTACT_LINKS,
    CONTACT_STATE,
    INTERACTIONS,
)
from streams.domain.contact import decode, encode
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.domain.contact.identity.identity_status import IdentityStatus
from streams.engine.store import Position
from tests.unit.worker.links.town import (
    ADA,
    BY_EMAIL,
    T1,
    T2,
    T3,
    Town,
    erased,
    reason,
    shut_as_erased,
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
