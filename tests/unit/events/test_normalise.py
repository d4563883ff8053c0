import pytest

from events.normalise import normalise_email, normalise_phone, one_gmail, read_as_of_france


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("jane@example.org", "jane@example.org"),
        ("  Jane.Doe+News@Example.ORG\t", "jane.doe+news@example.org"),
        ("JANE@BÜCHER.example", "jane@xn--bcher-kva.example"),
        ("jane@bu\u0308cher.example", "jane@xn--bcher-kva.example"),
        ("jane@例え。テスト", "jane@xn--r8jz45g.xn--zckzah"),
        ("Jose\u0301@example.org", "jos\u00e9@example.org"),
        ("o'hara_x@mail-1.example.co.uk", "o'hara_x@mail-1.example.co.uk"),
        ("test@example.test", "test@example.test"),
    ],
)
def test_an_address_has_one_spelling(written: str, address: str) -> None:
    assert normalise_email(written) == address


@pytest.mark.parametrize(
    "written",
    [
        *("", "   ", "jane", "@example.org", "jane@", "jane@doe@example.org", "jane@localhost", "jane@example"),
        *("jane doe@example.org", "Jane <jane@example.org>", "jane@exa mple.org", "jane@example..org"),
        *("jane@-example.org", "jane@example-.org", "jane@192.168.0.1", "jane@example.o", "jane@exam_ple.org"),
        *("jane@example.org,joe@example.org", "ja\u00a0ne@example.org", "ja\x00ne@example.org"),
        *("jane@\u2f00\u2f00.\ud7ff", "jane@xn--\u00fc.org", "jane@" + "a" * 64 + ".org"),
        *("a" * 250 + "@example.org", "ü" * 100_000 + "@example.org", "jane@" + "ü" * 100_000),
    ],
)
def test_what_is_not_one_address_is_none(written: str) -> None:
    assert normalise_email(written) is None


def test_nothing_is_guessed_about_a_mailbox() -> None:
    assert normalise_email("j.ane@gmail.com") != normalise_email("jane@gmail.com")
    assert normalise_email("straße@example.org") != normalise_email("strasse@example.org")


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("jane.doe+news@gmail.com", "janedoe@gmail.com"),
        ("j.a.n.e@googlemail.com", "jane@gmail.com"),
        ("jane+a+b@gmail.com", "jane@gmail.com"),
        ("jane.doe+news@example.org", "jane.doe+news@example.org"),
        ("jane.doe@mail.gmail.com", "jane.doe@mail.gmail.com"),
        ("+@gmail.com", "+@gmail.com"),
        (".+x@googlemail.com", ".+x@gmail.com"),
    ],
)
def test_what_is_one_mailbox_to_gmail(address: str, mailbox: str) -> None:
    assert one_gmail(address) == mailbox
    assert one_gmail(mailbox) == mailbox


def test_a_number_without_country_code_is_read_in_the_region() -> None:
    assert normalise_phone("020 7946 0018", "GB") == "+442079460018"
    assert normalise_phone("+44 20 7946 0018", "US") == "+442079460018"


@pytest.mark.parametrize(
    ("national", "number"),
    [
        *(("0692 12 34 56", "+262692123456"), ("02 62 12 34 56", "+262262123456"), ("0263123456", "+262263123456")),
        *(("0639 05 12 34", "+262639051234"), ("0269 61 23 45", "+262269612345"), ("0696.12.34.56", "+596696123456")),
        *(("0596 60 12 34", "+596596601234"), ("0590123456", "+590590123456"), ("0690 12 34 56", "+590690123456")),
        *(("0594 12 34 56", "+594594123456"), ("0694 12 34 56", "+594694123456")),
        *(("06 39 98 12 34", "+33639981234"), ("02 61 91 12 34", "+33261911234"), ("0612345678", "+33612345678")),
        *(("05 36 49 12 34", "+33536491234"), ("0976 12 34 56", "+33976123456"), ("0800 123 456", "+33800123456")),
    ],
)
def test_a_number_of_france_overseas_has_the_code_of_its_department(national: str, number: str) -> None:
    """A list writes it without a code, and a stop comes with one: else they would be two people."""
    assert normalise_phone(national, "FR", overseas=True) == normalise_phone(number, "FR", overseas=True) == number
    assert normalise_phone(number, "US") == number
    assert normalise_phone(national, "FR") == (read_as_of_france(number) or number)


@pytest.mark.parametrize("written", ["", "n/a", "12", "555-0199", "+1 212 555", "+999 1234567", "1" * 300, "+1"])
def test_what_is_no_whole_number_is_none(written: str) -> None:
    assert normalise_phone(written, "US") is None
