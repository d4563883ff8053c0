"""Whom a row of a list names where it is judged for an audience: no address goes along under another name."""

import pytest

from events.identifiers import Hasher
from streams.services.ad_audience.judging import identifiers_in
from streams.services.audience import CsvRecord, Header
from streams.services.audience.header import read_header

HASHER = Hasher([b"a key"])


def read(header: str, row: str, *, gated: bool) -> str | int:
    """How many identifiers a row has, or why it names nobody."""
    columns = read_header(header.split(","))
    assert isinstance(columns, Header)
    found = identifiers_in(columns, CsvRecord(2, row.encode()), HASHER, gated=gated)
    return found if isinstance(found, str) else len(found)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("contact_id,email", "bob@example.org,ada@example.org"),
        ("voter_id,email", "bob@example.org,ada@example.org"),
        ("external.crm,email", "bob@example.org,ada@example.org"),
        ("external.crm,contact_id", "bob@example.org,c1"),
    ],
)
def test_under_the_gate_no_address_stands_in_a_column_of_ids(header: str, row: str) -> None:
    """Nobody would be found by it, and whose it is would be in the audience unjudged."""
    assert read(header, row, gated=True) == "no_identifier"
    assert read(header, row, gated=False) in (1, 2)


@pytest.mark.parametrize("gated", [True, False])
def test_what_can_be_read_is_who_is_judged(gated: bool) -> None:
    assert read("contact_id,external.crm,email", "c1,7,ada@example.org", gated=gated) == 3
    assert read("contact_id,email", "c1,", gated=gated) == 1
    assert read("contact_id,email", "c1,nobody", gated=gated) == "no_identifier"
    assert read("contact_id,email", ",", gated=gated) == "no_identifier"
    assert read("contact_id,phone", "c1,2125550101;2125550102", gated=gated) == "no_identifier"
    assert read("contact_id,email", "c1", gated=gated) == "malformed_row"
    assert read("email,note", "ada@example.org,x\rper5@example.org", gated=gated) == "malformed_row"
