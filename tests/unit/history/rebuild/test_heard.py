"""When commands to erase somebody came, from rows of the topic."""

from streams.domain.contact import ContactState
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.history.rebuild.erasure_commands import heard_in, of_after, of_said, said, together
from streams.history.rebuild.known_fragments import rows_of_records
from streams.history.refold.contact_rows import Row
from tests.unit.events.records import NOW
from tests.unit.history.lake.lying import DAY, lying, odd

COMMAND = lying(1, "contact.erased", NOW - DAY)
(NAME,) = heard_in(rows_of_records("topic", [COMMAND]))


def test_a_command_is_heard_when_it_came_and_not_when_it_says() -> None:
    gift = lying(0, "donation.made", NOW, refcode="contact.erased")
    rows = rows_of_records("topic", [gift, COMMAND, odd(2, b"contact.erased"), odd(3, None)])
    assert heard_in(rows) == {NAME: NOW + 1}


def test_of_copies_the_first_counts_and_a_file_says_it_again() -> None:
    assert together({NAME: 5}, {NAME: 3, ("a", "b"): 4}) == {NAME: 3, ("a", "b"): 4}
    assert of_said(said({NAME: 3})) == {NAME: 3}


ERASED = [ContactState(place=IdentityStatus(erased=Erasure(NOW - DAY, *NAME)))]


def test_what_had_come_by_then_is_of_before_whatever_it_says() -> None:
    rows = [Row("topic", 0, at, NOW + at, b"{}") for at in range(4)]
    assert [row.offset for row in of_after(rows, ERASED, {NAME: NOW + 1})] == [2, 3]
    assert of_after(rows, ERASED, {}) == rows
    assert of_after(rows, [ContactState()], {NAME: NOW + 1}) == rows


def test_in_one_millisecond_the_command_stands_between_what_came_before_it_and_after_it() -> None:
    (value,) = [COMMAND.value or b""]
    rows = [Row("topic", 0, at, NOW, value if at == 2 else b"{}") for at in range(5)]
    assert [row.offset for row in of_after(rows, ERASED, {NAME: NOW})] == [3, 4]
