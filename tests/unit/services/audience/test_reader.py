"""A list of contact_ids alone is one, and what may be something else is not taken for it."""

from io import BytesIO

import pytest

from streams.services.audience import Audience, UnusableAudience, open_audience, open_ids


def rows(text: str) -> tuple[bytes, list[tuple[int, bytes]]]:
    opened = open_ids(BytesIO(text.encode()))
    assert isinstance(opened, Audience), opened
    return opened.raw_header, [(record.line, record.raw) for record in opened.records()]


def reason(text: str) -> str:
    opened = open_ids(BytesIO(text.encode()))
    assert isinstance(opened, UnusableAudience)
    return opened.reason


def test_ids_without_a_header_are_given_one() -> None:
    assert rows("c-1\r\nc-2\n\nc-3") == (b"contact_id\n", [(1, b"c-1\r\n"), (2, b"c-2\n"), (4, b"c-3")])
    assert rows("\n\ufeffemail:0123456789abcdef0123456789abcdef\n") == (
        b"contact_id\n",
        [(2, b"email:0123456789abcdef0123456789abcdef\n")],
    )


def test_a_list_with_a_header_is_opened_by_it() -> None:
    assert rows("contact_id\nc-1\n") == (b"contact_id\n", [(2, b"c-1\n")])
    assert rows("note,email\nc-1,a@example.org\n")[0] == b"note,email\n"


@pytest.mark.parametrize(
    "first", ["ada", "voter", "phone2", "Email1", "c 1", "ada@example.org", "c-1,c-2", "+12125550123"]
)
def test_what_may_be_a_header_or_an_address_is_no_id(first: str) -> None:
    assert "no column of the header names a person" in reason(f"{first}\nc-2\n")


def test_phone_numbers_are_not_taken_for_ids() -> None:
    assert reason("2125550123\n2125550124\n").startswith("the first line may be a phone number: name the column")


def test_a_misspelled_column_above_ids_is_refused() -> None:
    assert "nearly 'email'" in reason("emial\nada@example.org\n")


def test_an_audience_needs_its_header() -> None:
    assert isinstance(open_audience(BytesIO(b"c-1\n")), UnusableAudience)
