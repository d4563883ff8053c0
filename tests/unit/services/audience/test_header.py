"""What names a person in the first row, and what is said when nothing does."""

import pytest

from streams.services.audience import Header, UnusableAudience
from streams.services.audience.header import read_header


def naming(*names: str) -> list[tuple[str, str]]:
    header = read_header(names)
    assert isinstance(header, Header), header
    return [(column.field, column.system) for column in header.naming]


def reason(*names: str) -> str:
    header = read_header(names)
    assert isinstance(header, UnusableAudience)
    return header.reason


def test_the_strongest_identifier_comes_first_wherever_its_column_is() -> None:
    assert naming("email", "first name", "contact_id", "external.van", "phone", "external.actblue", "voter_id") == [
        ("contact_id", ""),
        ("voter_id", ""),
        ("external", "actblue"),
        ("external", "van"),
        ("email", ""),
        ("phone", ""),
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("\ufeffemail", ("email", "")),
        (" E-Mail ", ("email", "")),
        ("Email Address", ("email", "")),
        ("Mobile Number", ("phone", "")),
        ("Mobile", ("phone", "")),
        ("Courriel", ("email", "")),
        ("Téléphone", ("phone", "")),
        ("TE\u0301LE\u0301PHONE", ("phone", "")),
        ("Telephone", ("phone", "")),
        ("Voter_ID", ("voter_id", "")),
        ("VANID", ("external", "van")),
        ("External.NationBuilder", ("external", "nationbuilder")),
    ],
)
def test_names_are_read_as_people_write_them(written: str, meant: tuple[str, str]) -> None:
    assert naming(written) == [meant]


def test_a_header_without_names_is_refused_and_may_be_a_person_so_is_not_repeated() -> None:
    said = reason("ada@example.org", "Ada")
    assert said.startswith("no column of the header names a person")
    assert "ada" not in said.lower()


@pytest.mark.parametrize("names", [("email;phone",), ("email\tphone",)])
def test_another_separator_is_named(names: tuple[str, ...]) -> None:
    assert reason(*names) == "the header is one column: separate columns by commas"


def test_two_columns_for_one_identifier_are_refused_by_name() -> None:
    assert reason("phone", "Mobile Number") == (
        "the header names phone twice, 'Mobile Number' and 'phone': rename the one that is not meant"
    )


@pytest.mark.parametrize("name", ["external.", "external. ", "external.a:b", "mailing", "phone2", "line", ""])
def test_what_is_almost_a_name_names_nobody(name: str) -> None:
    assert reason(name, "other").startswith("no column of the header names a person")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("emial", "email"),
        ("E-Mial", "email"),
        ("emal", "email"),
        ("emails", "email"),
        ("gmail", "email"),
        ("fone", None),
        ("phnoe", "phone"),
        ("Contact-IDs", "contact_id"),
        ("voterd", "voter_id"),
        ("VAND", "vanid"),
        ("extrenal.van", "external.van"),
        ("eternal.actblue", "external.actblue"),
    ],
)
def test_a_column_that_is_misspelled_by_a_letter_is_refused_by_name(written: str, meant: str | None) -> None:
    """Else whoever is written to at that address would be judged as somebody else, or by another address."""
    header = read_header([written, "contact_id", "note"])
    if meant is None:
        assert isinstance(header, Header)
        return
    assert reason(written, "voter_id", "note") == (
        f"the column {written!r} is nearly {meant!r} and would not be read: "
        "correct its name, or give it another one if it names nobody"
    )


@pytest.mark.parametrize("name", ["mobil", "mobiles", "courriels", "couriel", "téléphon", "telephones"])
def test_what_is_nearly_a_name_that_was_not_always_known_names_nobody_as_ever(name: str) -> None:
    """A list with such a column beside the one that counts goes out each night, and went out before."""
    header = read_header([name, "email"])
    assert isinstance(header, Header)
    assert header.unread == [name]


def test_columns_that_name_nobody_are_known_by_name() -> None:
    header = read_header(["\ufeffFirst Name", "email", "Note", "phone"])
    assert isinstance(header, Header)
    assert header.unread == ["First Name", "Note"]
