"""What overtakes what between partitions: whoever is late hears of it, and nobody else sees what is over."""

import pytest

from events.json_types import JSON
from events.topics import CONTACT_FRAGMENTS, CONTACT_ROOFS, IDENTITY_LINKS, INTERACTIONS
from tests.property.worker.links.sayings import interaction
from tests.property.worker.links.world import PARTITIONS, Log
from tests.unit.domain.contact.said import DAY
from tests.unit.events.records import NOW, REQUIRED
from tests.unit.worker.links.town import ADA, BY_EMAIL, Town

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
