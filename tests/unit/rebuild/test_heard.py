"""When commands to erase somebody came, from rows of the topic."""

from streams.contact import ContactState
from streams.contact.place import Erasure, Place
from streams.rebuild.heard import forgotten_until, heard_in, of_said, said, together
from streams.rebuild.placed import rows_of_records
from tests.unit.events.records import NOW
from tests.unit.lake.lying import DAY, lying, odd

COMMAND = lying(1, "contact.erased", NOW - DAY)
(NAME,) = heard_in(rows_of_records("topic", [COMMAND]))


def test_a_command_is_heard_when_it_came_and_not_when_it_says() -> None:
    gift = lying(0, "donation.made", NOW, refcode="contact.erased")
    rows = rows_of_records("topic", [gift, COMMAND, odd(2, b"contact.erased"), odd(3, None)])
    assert heard_in(rows) == {NAME: NOW + 1}


def test_of_copies_the_first_counts_and_a_file_says_it_again() -> None:
    assert together({NAME: 5}, {NAME: 3, ("a", "b"): 4}) == {NAME: 3, ("a", "b"): 4}
    assert of_said(said({NAME: 3})) == {NAME: 3}


def test_it_is_forgotten_until_then_of_whom_the_system_knows_it() -> None:
    erased = ContactState(place=Place(erased=Erasure(NOW - DAY, *NAME)))
    assert forgotten_until([erased, ContactState()], {NAME: NOW}) == NOW
    assert forgotten_until([erased], {}) is None
