"""A row is found by the very hashes under which an event about the same person is kept."""

import pytest

from events.contact import Contact
from events.identifiers import Hasher
from streams.services.audience import Header, hashes_of, identifiers_of, strongest_of
from streams.services.audience.header import read_header

HASHER = Hasher([b"key"])


def header(*names: str) -> Header:
    found = read_header(names)
    assert isinstance(found, Header)
    return found


def test_every_identifier_is_hashed_as_that_of_an_event_strongest_first() -> None:
    columns = header("email", "note", "phone", "external.VAN", "voter_id", "contact_id")
    fields = [" Ada@Example.ORG ", "x", "(212) 555-0123", "17", "ny:9", "ada-1"]
    contact = Contact(
        contact_id="ada-1", voter_id="NY:9", external={"van": "17"}, email="ada@example.org", phone="+12125550123"
    )
    meant = HASHER.identifiers(contact)
    assert hashes_of(columns, fields, HASHER) == [
        "ada-1",
        meant["voter_id"],
        HASHER.external("van", "17"),
        meant["email"],
        meant["phone"],
    ]


def test_blank_or_unreadable_identifiers_are_left_out() -> None:
    columns = header("contact_id", "voter_id", "external.van", "email", "phone")
    assert hashes_of(columns, ["no id!", "9", "  ", "nobody", "555"], HASHER) == []
    assert hashes_of(columns, ["", "", "", "ren\udce9@example.org", ""], HASHER) == []


TWO_NUMBERS = (
    *("0612347471;0698767471", "0612347471 / 0698767471", "0612347471/x5", "0612347471 ext 5", "0612347471 x5"),
    *("0612347471;ext=5", "0612347471;isub=5", "0612347471#5", "0612347471,,5", "0612347471*5", "0612347471~5"),
    *("0612347471 ou 0698767471", "0612347471\\x0698767471", "+33612347471+33698767471", "0612347471 w"),
    *("0612347471|0698767471", "tel:0612347471;phone-context=+33", "1-800-FLOWERS"),
)


@pytest.mark.parametrize("cell", TWO_NUMBERS)
def test_a_phone_cell_with_two_numbers_or_an_extension_names_nobody(cell: str) -> None:
    """The first number alone was judged, and all of the cell was written."""
    for region in ("FR", "US", "DE"):
        names_nobody(cell, Hasher([b"key"], phone_region=region))


@pytest.mark.parametrize(
    "cell",
    [
        *("https://x/?p=+33612347471", "https://x.org/0612347471", "www.x.org/?tel=0612347471", "wa.me/33612347471"),
        *("?a=b&tel=0612347471", "http:／／x/0612347471", "ada@example.org 0612347471"),
    ],
)
def test_a_link_or_an_address_with_a_number_in_it_is_no_phone_number(cell: str) -> None:
    assert hashes_of(header("phone"), [cell], Hasher([b"key"], phone_region="FR")) == []


@pytest.mark.parametrize("cell", ["0301234/0309876", "0301234\n0309876"])
def test_two_short_numbers_are_not_taken_for_a_long_one(cell: str) -> None:
    names_nobody(cell, Hasher([b"key"], phone_region="DE"))


def names_nobody(cell: str, hasher: Hasher) -> None:
    assert hashes_of(header("phone"), [cell], hasher) == []
    assert identifiers_of(header("phone"), [cell], hasher) == [(header("phone").naming[0], [])]
    assert strongest_of(header("phone"), [cell], hasher) is None


@pytest.mark.parametrize(
    ("cell", "region", "number"),
    [
        ("06 12 34 74 71", "FR", "+33612347471"),
        ("06.12.34.74.71", "FR", "+33612347471"),
        ("06/12/34/74/71", "FR", "+33612347471"),
        ("+33 (0)6 12-34-74-71", "FR", "+33612347471"),
        ("'+33 6 12 34 74 71", "FR", "+33612347471"),
        ("Tél. : 06 12 34 74 71", "FR", "+33612347471"),
        ("tel:+33612347471", "FR", "+33612347471"),
        ("Tél. / GSM : 06 12 34 74 71", "FR", "+33612347471"),
        ("\u202a+33\xa06\xa012\u201034 74 71\u202c", "FR", "+33612347471"),
        ("＋３３６１２３４７４７１", "FR", "+33612347471"),
        ("(212) 555-0101", "US", "+12125550101"),
        ("06221/123456", "DE", "+496221123456"),
        ("0151/12345678", "DE", "+4915112345678"),
    ],
)
def test_one_number_in_any_spelling_names_its_owner(cell: str, region: str, number: str) -> None:
    hasher = Hasher([b"key"], phone_region=region)
    assert hashes_of(header("phone"), [cell], hasher) == hasher.lookups("phone", number)


def test_keys_that_are_still_valid_find_people_too() -> None:
    rotated = Hasher([b"new", b"key"])
    assert hashes_of(header("email"), ["ada@example.org"], rotated) == rotated.lookups("email", "ada@example.org")
    assert hashes_of(header("email"), ["ada@example.org"], HASHER)[0] in rotated.lookups("email", "ada@example.org")
