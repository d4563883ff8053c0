"""Identity in a worker."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from events.identifiers import Hasher
from events.json_types import JSON
from events.topics import (
    CONTACT_ALERTS,
    CONTACT_FRAGMENTS,
    CONTACT_LINKS,
    CONTACT_ROOFS,
    CONTACT_STATE,
    IDENTITY_LINKS,
    INTERACTIONS,
)
from streams.domain.contact import decode, encode
from streams.domain.contact.identity.identity_assignment import trace_key
from streams.domain.contact.identity.identity_status import IdentityStatus
from streams.engine.store import Position
from streams.services.contact_decisions.commands import id_pairs
from tests.property.worker.links.sayings import interaction
from tests.property.worker.links.world import PARTITIONS, Log
from tests.unit.domain.contact.said import DAY
from tests.unit.events.records import NOW, REQUIRED
from tests.unit.worker.links.town import (
    ADA,
    BO,
    BY_EMAIL,
    BY_PHONE,
    T1,
    T2,
    T3,
    Town,
    erased,
    reason,
    shut_as_erased,
)

BEFORE, ERASED, AFTER = NOW - 3, NOW - 2, NOW - 1


def append(town: Town, type_: str, contact: dict[str, JSON], time: int, at: int = NOW, **data: JSON) -> None:
    """It is said, and nobody has read it yet."""
    town.count += 1
    said = interaction(type_, f"i{town.count}", time, "team/a", {"contact": contact, **REQUIRED[type_], **data})
    town.world.say(said, at)


def work(town: Town, topic: str) -> None:
    """All partitions of one topic are read to their end, and no other."""
    for number in range(PARTITIONS if topic != IDENTITY_LINKS else 1):
        town.world.work((topic, number), 100)


def work_but(town: Town, held: Log) -> None:
    """All is done but what this partition has to read."""
    town.world.settle(held)
    assert held in town.world.waiting()


@pytest.fixture
def town() -> Town:
    """crm.ada with her address under it, which has opened an e-mail and has a partition of its own."""
    town = Town()
    assert town.world.partition_of("crm.ada") != town.world.partition_of(town.hashed(BY_EMAIL))
    append(town, "email.opened", BY_EMAIL, BEFORE)
    append(town, "form.submitted", {**ADA, **BY_EMAIL}, BEFORE)
    town.world.settle()
    assert town.profile("crm.ada")["merged_from"] == [town.hashed(BY_EMAIL)]
    return town


def test_a_part_that_was_sent_before_the_erasure_is_not_seen_behind_it(town: Town) -> None:
    append(town, "email.clicked", BY_EMAIL, BEFORE)
    work(town, INTERACTIONS)  # the part is on its way
    append(town, "contact.erased", ADA, ERASED)
    append(town, "donation.made", ADA, AFTER)
    for topic in (INTERACTIONS, IDENTITY_LINKS):
        work(town, topic)
        assert town.profile("crm.ada")["counts"] == {"donation.made": 1}
    town.world.work((CONTACT_ROOFS, town.world.partition_of("crm.ada")), 100)
    work(town, CONTACT_FRAGMENTS)

    assert town.profile("crm.ada")["counts"] == {"donation.made": 1}
    assert town.profile("crm.ada")["merged_from"] == []
    town.world.settle()
    assert town.world.profiles().keys() == {"crm.ada"}
    assert not any(b"/" in key[1:] for key in town.world.table())


def test_a_part_that_comes_while_an_erasure_is_asked_is_seen_once_it_is_done() -> None:
    town = Town()
    append(town, "form.submitted", ADA, BEFORE)
    append(town, "form.submitted", BY_EMAIL, BEFORE)
    town.world.settle()
    append(town, "contact.erased", ADA, ERASED)
    append(town, "form.submitted", {**ADA, **BY_EMAIL}, AFTER)
    work_but(town, (CONTACT_ROOFS, town.world.partition_of("crm.ada")))
    assert town.profile("crm.ada")["counts"] == {"form.submitted": 1}

    town.world.settle()

    assert town.profile("crm.ada")["counts"] == {"form.submitted": 2}
    assert town.profile("crm.ada")["merged_from"] == [town.hashed(BY_EMAIL)]


def test_messages_that_have_settled_in_a_part_are_in_the_sums_of_the_person() -> None:
    town = Town()
    append(town, "email.sent", BY_EMAIL, BEFORE)
    append(town, "email.opened", BY_EMAIL, BEFORE)
    append(town, "form.submitted", BY_EMAIL, BEFORE, at=NOW + 30 * DAY)
    append(town, "form.submitted", {**ADA, **BY_EMAIL}, BEFORE)
    town.world.settle()

    assert town.profile("crm.ada")["counts"] == {"email.sent": 1, "email.opened": 1, "form.submitted": 2}
    assert town.profile("crm.ada")["merged_from"] == [town.hashed(BY_EMAIL)]


NINE, TEN, NOON = (f"2012-02-21T{hour}:00:00Z" for hour in ("09", "10", "12"))


def mailed(town: Town, contact: dict[str, JSON], time: str, team: str) -> str:
    """An e-mail of its own."""
    return town.say("email.sent", contact, time=time, message_id=f"m{town.count}", team=team)


def told(town: Town) -> list[tuple[JSON, JSON, list[str]]]:
    """Rule, contact and the ids of the evidence of each alert, in the order in which they were sent."""
    return [(one["rule"], one["contact_id"], evidence(one)) for one in town.world.alerts]


def evidence(alert: dict[str, JSON]) -> list[str]:
    assert isinstance(alert["evidence"], list)
    return [str(item["id"]) for item in alert["evidence"] if isinstance(item, dict)]


def test_the_canonical_id_judges_what_a_fragment_has_taken() -> None:
    town = Town()
    town.say("email.opened", {**ADA, **BY_EMAIL})
    first = mailed(town, ADA, NINE, "youth")
    second = mailed(town, BY_EMAIL, TEN, "digital")

    assert told(town) == [("double_touch", "crm.ada", [second, first])]
    assert list(town.world.latest[CONTACT_ALERTS]) == ["crm.ada"]


def test_the_canonical_id_judges_what_it_has_taken_by_what_its_fragments_know() -> None:
    town = Town()
    town.say("email.opened", {**ADA, **BY_EMAIL, **BY_PHONE})
    first = mailed(town, BY_EMAIL, NINE, "youth")
    second = mailed(town, ADA, TEN, "digital")
    third = town.say("text.sent", BY_PHONE, time=NOON, message_id="text", team="field")

    assert told(town) == [
        ("double_touch", "crm.ada", [second, first]),
        ("double_touch", "crm.ada", [third, second]),
    ]


def test_people_who_turn_out_to_be_one_are_judged_together_from_then_on() -> None:
    town = Town()
    mailed(town, ADA, NINE, "youth")
    second = mailed(town, BO, TEN, "digital")
    town.link("crm.bo", "crm.ada")
    assert told(town) == []

    third = mailed(town, BO, NOON, "field")
    assert told(town) == [
        ("over_cap", "crm.ada", [third, second, "i1"]),
        ("double_touch", "crm.ada", [third, second]),
    ]


def test_people_who_are_parted_and_joined_again_are_not_told_of_again() -> None:
    town = Town()
    town.link("crm.bo", "crm.ada", "2012-02-20T09:00:00Z")
    mailed(town, ADA, NINE, "youth")
    mailed(town, BO, TEN, "digital")
    before = told(town)
    town.unlink("crm.ada", "crm.bo", "2012-02-20T10:00:00Z")
    town.link("crm.ada", "crm.bo", "2012-02-20T11:00:00Z")

    assert town.profile("crm.ada")["merged_from"] == ["crm.bo"]
    assert len(before) == 1
    assert told(town) == before


def test_a_message_of_which_another_fragment_has_heard_is_no_new_touch() -> None:
    town = Town()
    town.say("email.opened", {**ADA, **BY_EMAIL})
    mailed(town, ADA, NINE, "youth")
    message = {"message_id": "m", "team": "digital"}
    town.say("email.delivered", ADA, time=TEN, **message)
    before = told(town)
    town.say("email.sent", BY_EMAIL, time="2012-02-21T09:59:59Z", **message)

    assert len(before) == 1
    assert told(town) == before


NY_1: dict[str, JSON] = {"voter_id": "NY:1"}
NY_2: dict[str, JSON] = {"voter_id": "NY:2"}
CA_1: dict[str, JSON] = {"voter_id": "CA:1"}


def town_of(other: dict[str, JSON], *, is_known: bool) -> Town:
    """The erasure by the address waits, and who was linked with the address has not been asked yet."""
    town = Town()
    town.say("form.submitted", {**NY_1, **BY_EMAIL}, time=T1)
    if is_known:
        town.say("form.submitted", other, time=T1)
    town.append("contact.linked", {"contact_ids": pair(town, BY_EMAIL, other)}, "link", T1)
    town.append("contact.erased", {"contact": BY_EMAIL}, "erasure", T2)
    for topic in (INTERACTIONS, IDENTITY_LINKS):
        work_all(town, topic)
    assert any(node.waiting is not None for node in town.world.nodes.values())
    return town


def pair(town: Town, one: dict[str, JSON], other: dict[str, JSON]) -> list[JSON]:
    return [*sorted([town.hashed(one), town.hashed(other)])]


def work_all(town: Town, topic: str) -> None:
    for log in [log for log in town.world.waiting() if log[0] == topic]:
        town.world.work(log, 100)


def left(town: Town) -> set[str]:
    assert not any(node.held or node.waiting for node in town.world.nodes.values())
    return set(town.world.profiles())


@pytest.mark.parametrize("is_known", [True, False])
def test_of_whom_nothing_or_another_class_is_known_everybody_is_erased(is_known: bool) -> None:
    town = town_of(CA_1, is_known=is_known)
    town.world.settle()
    assert left(town) == set()


def test_whoever_is_of_the_same_class_keeps_the_other_from_being_erased() -> None:
    town = town_of(NY_2, is_known=True)
    town.world.settle()
    assert left(town) == {town.hashed(NY_1)}


def test_who_gives_anew_while_the_erasure_waits_has_a_new_record_with_whom_it_names() -> None:
    """Who is the other voter's by now, who has named that address. No gift is taken for one of the erased person."""
    town = town_of(NY_2, is_known=True)
    town.append(
        "donation.made", {**REQUIRED["donation.made"], "contact": {**BY_EMAIL, "phone": "212 555 0198"}}, "gift", T3
    )
    town.append("donation.made", {**REQUIRED["donation.made"], "contact": {"phone": "212 555 0198"}}, "another", T3)
    town.world.settle()
    assert left(town) == {town.hashed(NY_1)}
    assert town.profile(town.hashed(NY_1))["counts"] == {"form.submitted": 1, "donation.made": 2}


@pytest.mark.parametrize("topics", [*permutations([INTERACTIONS, IDENTITY_LINKS, CONTACT_ROOFS])])
def test_a_command_that_is_taken_back_meanwhile_ends_the_wait_as_well(topics: tuple[str, ...]) -> None:
    town = town_of(NY_2, is_known=True)
    town.append("contact.unlinked", {"contact_ids": pair(town, BY_EMAIL, NY_2)}, "apart", T3)
    for topic in topics:
        work_all(town, topic)
    town.world.settle()
    assert left(town) == {town.hashed(NY_1)}


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


OLD, BOTH = Hasher([b"key"]), Hasher([b"new", b"key"])
ADDRESS = str(BY_EMAIL["email"])


@pytest.fixture
def rotated() -> Town:
    """Ada and her address opened e-mails apart, under the old key."""
    rotated = Town()
    rotated.world.hasher = OLD
    rotated.say("email.opened", ADA, time=T1)
    rotated.say("email.opened", BY_EMAIL, time=T1)
    return rotated


def test_an_unlink_is_obeyed_at_once(rotated: Town) -> None:
    rotated.say("form.submitted", {**ADA, **BY_EMAIL}, time=T1)
    assert rotated.world.merged() == {OLD.email(ADDRESS): "crm.ada"}
    rotated.world.hasher = BOTH
    for pair in id_pairs(BOTH, "crm.ada", ADDRESS):
        rotated.unlink(*pair, T3)
    assert rotated.world.merged() == {}

    rotated.say("email.opened", BY_EMAIL)
    [(name, roof)] = rotated.world.merged().items()
    assert {name, roof} == {OLD.email(ADDRESS), BOTH.email(ADDRESS)}


def test_a_link_is_obeyed_at_once(rotated: Town) -> None:
    rotated.world.hasher = BOTH
    for pair in id_pairs(BOTH, ADDRESS, "crm.ada"):
        rotated.link(*pair, T3)

    assert rotated.profile("crm.ada")["counts"] == {"email.opened": 2}


def test_an_erasure_and_a_suppression_by_the_address_reach_what_was_said_under_the_old_key(
    rotated: Town,
) -> None:
    rotated.world.hasher = BOTH
    rotated.say("contact.suppressed", BY_EMAIL, time=T1)
    [closed] = rotated.world.closed()
    assert rotated.profile(closed)["counts"] == {"email.opened": 1}

    rotated.say("contact.erased", BY_EMAIL, time=T3)
    assert rotated.world.profiles().keys() == {"crm.ada"}


def test_what_is_no_address_is_an_id_and_one_that_cannot_be_read_is_left_to_the_judge() -> None:
    assert id_pairs(BOTH, "crm.ada", "crm.bo") == [("crm.ada", "crm.bo")]
    assert id_pairs(BOTH, "crm.ada", "no@address") == [("crm.ada", "no@address")]
