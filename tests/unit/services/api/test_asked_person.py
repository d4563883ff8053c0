"""Whom a request names, and the address that it means."""

import pytest

from events.identifiers import Hasher
from events.interactions.base import Channel
from streams.services.api.models import Person
from streams.services.api.permission_request import asked_person
from streams.services.permission.decisions import AskedPerson

HASHER = Hasher([b"new", b"old"])
EMAIL = HASHER.lookups("email", "ada@example.org")
PHONE = HASHER.lookups("phone", "+12125550101")
VAN = HASHER.lookups("external", "van:17")


def who(channel: Channel, **said: object) -> AskedPerson:
    return asked_person(Person.model_validate(said), channel, HASHER)


@pytest.mark.parametrize(
    ("channel", "names", "means"),
    [
        ("email", [*EMAIL, "c17", *VAN, *PHONE], EMAIL),
        ("text", [*PHONE, "c17", *VAN, *EMAIL], PHONE),
        ("phone", [*PHONE, "c17", *VAN, *EMAIL], PHONE),
        ("door", ["c17", *VAN, *EMAIL, *PHONE], []),
    ],
)
def test_the_owner_of_the_address_is_who_is_asked_about(channel: Channel, names: list[str], means: list[str]) -> None:
    found = who(channel, contact_id="c17", external={"van": "17"}, email="Ada@Example.org", phone="(212) 555-0101")
    assert found == AskedPerson(names, [hashed.partition(":")[2][:16] for hashed in means])


def test_an_address_that_cannot_be_read_is_not_sent_to_whoever_it_may_be() -> None:
    assert who("email", contact_id="c17", email="ada(at)example.org") == AskedPerson([])
    assert who("door", contact_id="c17", email="ada(at)example.org") == AskedPerson(["c17"], [])


@pytest.mark.parametrize("behind", [" ext 5", ";isub=0698767471", "#9", ",,5"])
def test_a_number_with_more_behind_it_is_not_sent_to_and_names_a_person_all_the_same(behind: str) -> None:
    phone = "(212) 555-0101" + behind
    assert who("text", contact_id="c17", phone=phone) == AskedPerson([])
    assert who("door", contact_id="c17", phone=phone) == AskedPerson(["c17", *PHONE], [])


def test_without_an_address_the_person_is_asked_about() -> None:
    assert who("email", contact_id="c17") == AskedPerson(["c17"], [])
