"""What a fragment says when an erasure waits for the class of whom a command has linked."""

from itertools import permutations

import pytest

from events.json_types import JSON
from events.topics import CONTACT_ROOFS, IDENTITY_LINKS, INTERACTIONS
from tests.unit.events.records import REQUIRED
from tests.unit.worker.links.town import BY_EMAIL, T1, T2, T3, Town

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
        work(town, topic)
    assert any(node.waiting is not None for node in town.world.nodes.values())
    return town


def pair(town: Town, one: dict[str, JSON], other: dict[str, JSON]) -> list[JSON]:
    return [*sorted([town.hashed(one), town.hashed(other)])]


def work(town: Town, topic: str) -> None:
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
        work(town, topic)
    town.world.settle()
    assert left(town) == {town.hashed(NY_1)}
