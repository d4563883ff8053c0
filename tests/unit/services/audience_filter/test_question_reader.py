"""Whom a row asks about, and that the address to which something is sent is the one that is judged."""

import pytest

from events.identifiers import Hasher
from events.interactions.base import Channel
from streams.services.audience import CsvRecord, Header
from streams.services.audience.header import read_header
from streams.services.audience_filter.chunk_filter import QuestionReader, RowProblem
from streams.services.permission.decisions import AskedPerson

HASHER = Hasher([b"key"])
EMAIL, PHONE = str(HASHER.email("ada@example.org")), str(HASHER.phone("+12125550101"))
VAN = HASHER.external("van", "17")


def read(names: str, row: str, channel: Channel = "email", *, broken: bool = False) -> AskedPerson | RowProblem:
    header = read_header(names.split(","))
    assert isinstance(header, Header)
    return QuestionReader(header, channel, HASHER).read(CsvRecord(2, row.encode(), broken))


@pytest.mark.parametrize(
    ("channel", "names", "refs"),
    [
        ("email", [EMAIL, VAN, PHONE], [EMAIL[6:22]]),
        ("text", [PHONE, VAN, EMAIL], [PHONE[6:22]]),
        ("phone", [PHONE, VAN, EMAIL], [PHONE[6:22]]),
        ("door", [VAN, EMAIL, PHONE], []),
        ("letter", [VAN, EMAIL, PHONE], []),
    ],
)
def test_the_address_of_the_channel_comes_first_and_is_the_one_meant(
    channel: Channel, names: list[str], refs: list[str]
) -> None:
    asked = read("phone,external.van,email", "(212) 555-0101,17,Ada@Example.org\n", channel)
    assert isinstance(asked, AskedPerson)
    assert (asked.names, list(asked.refs)) == (names, refs)


def test_without_an_address_the_person_is_asked_about() -> None:
    assert read("email,external.van", ",17\n") == AskedPerson([VAN])
    assert read("external.van", "17\n") == AskedPerson([VAN])


def test_an_address_that_cannot_be_read_is_not_sent_to_whoever_it_may_be() -> None:
    assert read("email,external.van", "ada(at)example.org,17\n") == "no_identifier"
    assert read("email,external.van", "ada(at)example.org,17\n", "door") == AskedPerson([VAN])


@pytest.mark.parametrize("channel", ["text", "phone"])
def test_a_number_behind_the_one_that_is_judged_is_not_reached_whoever_it_may_be(channel: Channel) -> None:
    assert read("phone,external.van", "2125550101;2125550102,17\n", channel) == "no_identifier"
    assert read("phone,external.van", "212-555-0101 ext. 5,17\n", channel) == "no_identifier"


@pytest.mark.parametrize("row", ["", " ,", "nobody,"])
def test_a_row_that_names_nobody_says_so(row: str) -> None:
    assert read("email,external.van", f"{row}{',' if ',' not in row else ''}\n") == "no_identifier"


def test_a_malformed_row_is_denied_as_malformed() -> None:
    assert read("email,note", "a@example.org\n") == "malformed_row"
    assert read("email,note", "a@example.org,1\n", broken=True) == "malformed_row"
    assert read("email,note", "a@example.org,1\rper5@example.org\n") == "malformed_row"


def test_under_several_keys_each_of_its_hashes_means_the_address() -> None:
    header = read_header(["email"])
    assert isinstance(header, Header)
    rotated = Hasher([b"new", b"key"])
    asked = QuestionReader(header, "email", rotated).read(CsvRecord(2, b"ada@example.org\n"))
    hashes = rotated.lookups("email", "ada@example.org")
    assert asked == AskedPerson(hashes, [hashed[6:22] for hashed in hashes])
