"""A row is found by the very hashes under which an event about the same person is kept."""

from events.contact import Contact
from events.identifiers import Hasher
from streams.services.audience import Header, hashes_of
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


def test_keys_that_are_still_valid_find_people_too() -> None:
    rotated = Hasher([b"new", b"key"])
    assert hashes_of(header("email"), ["ada@example.org"], rotated) == rotated.lookups("email", "ada@example.org")
    assert hashes_of(header("email"), ["ada@example.org"], HASHER)[0] in rotated.lookups("email", "ada@example.org")
