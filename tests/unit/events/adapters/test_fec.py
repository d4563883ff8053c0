"""The importer, rule by rule, and its totals against a few lines of csv and Decimal that know none of its code."""

import csv
import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from events.adapters.fec import COLUMNS, ImportedRow, RefusedRow, rows
from events.envelope import Interaction, Record, decode, encode_structured
from events.interactions.donation import DonationMade, DonationRefunded
from events.refusal import Reason
from events.times import parse_time
from events.topics import DONATION_EVENTS

FILE = Path(__file__).parents[4] / "streams" / "demo" / "data" / "fec-2012-contributions.csv.gz"
HEADER = ",".join(COLUMNS).encode()


def line(**cells: str) -> bytes:
    usual = {
        "cmte_id": "C00431171",
        "cand_id": "P80003353",
        "cand_nm": '"Romney, Mitt"',
        "donor_key": "db62dbde3fe03978",
        "contbr_st": "CA",
        "contbr_zip3": "940",
        "contb_receipt_amt": "100",
        "contb_receipt_dt": "17-FEB-12",
        "receipt_desc": "",
        "memo_cd": "",
        "memo_text": "",
        "form_tp": "SA17A",
        "file_num": "780124",
    }
    return ",".join((usual | cells).values()).encode()


def only(*lines: bytes) -> ImportedRow:
    (result,) = rows([HEADER + b"\n", *lines])
    return result


def gift(**cells: str) -> DonationMade:
    result = only(line(**cells))
    assert isinstance(result, Interaction)
    assert isinstance(result.data, DonationMade)
    return result.data


def refund(**cells: str) -> DonationRefunded:
    result = only(line(**cells))
    assert isinstance(result, Interaction)
    assert isinstance(result.data, DonationRefunded)
    return result.data


def reason(row: bytes) -> Reason:
    result = only(row)
    assert isinstance(result, RefusedRow)
    assert result.row == row
    return result.refusal.reason


def test_a_row_is_a_gift_of_its_donor() -> None:
    result = only(line())
    assert isinstance(result, Interaction)
    assert (result.type, result.source, result.id) == ("donation.made", "fec/2012", "1")
    assert result.time == parse_time("2012-02-17T00:00:00Z")
    assert result.data.plain() | {"contact": result.data.contact.plain()} == {
        "contact": {"external": {"fec": "db62dbde3fe03978"}, "region": "US-CA"},
        "donation_id": "fec:1",
        "amount": 10_000,
        "currency": "USD",
        "committee": "C00431171",
    }


def test_a_negative_row_is_a_refund() -> None:
    back = refund(contb_receipt_amt="-12.5", receipt_desc="Refund")
    assert (back.refund_id, back.amount, back.kind, back.committee) == ("fec:1", 1_250, "refund", "C00431171")
    assert back.donation_id is None


@pytest.mark.parametrize("column", ["memo_text", "receipt_desc"])
def test_a_negative_row_that_was_charged_back_is_a_chargeback(column: str) -> None:
    assert refund(**{"contb_receipt_amt": "-2500", column: "CHARGED BACK"}).kind == "chargeback"


@pytest.mark.parametrize(
    ("dollars", "cents"),
    [("0.29", 29), ("1.1", 110), ("19.99", 1_999), ("2500", 250_000), ("2500.00", 250_000), ("1.500", 150)],
)
def test_dollars_become_cents_exactly(dollars: str, cents: int) -> None:
    assert gift(contb_receipt_amt=dollars).amount == cents


@pytest.mark.parametrize("state", ["AA", "AE", "AP", "", "ZZ", "C", "CAL"])
def test_a_state_that_is_none_gives_no_region(state: str) -> None:
    assert gift(contbr_st=state).contact.region is None


@pytest.mark.parametrize("state", ["CA", "DC", "PR", " az"])
def test_a_state_gives_its_region(state: str) -> None:
    assert gift(contbr_st=state).contact.region == f"US-{state.strip().upper()}"


def test_a_memo_entry_is_refused() -> None:
    assert reason(line(memo_cd="X", contb_receipt_amt="-1")) is Reason.MEMO_ENTRY


@pytest.mark.parametrize(
    "row",
    [
        b"",
        b"C00431171,P80003353",
        line()[:-7],
        line() + b",",
        line(memo_text='"no end'),
        *(line(contb_receipt_amt=bad) for bad in ("", "0", "-0.00", "1.005", "1e3", "1_000", "NaN", "٣", "$5")),
        *(line(contb_receipt_amt=bad) for bad in ("9" * 14, "9" * 40)),
        *(
            line(contb_receipt_dt=bad)
            for bad in ("", "30-FEB-12", "17-FOO-12", "2012-02-17", "17-FEB-2012", "7-FEB-12")
        ),
        line(donor_key="k" * 300),
    ],
)
def test_a_row_that_cannot_be_read_whole_is_malformed(row: bytes) -> None:
    assert reason(row) is Reason.MALFORMED_ROW


def test_a_row_without_its_donor_has_no_identifier() -> None:
    assert reason(line(donor_key="")) is Reason.NO_IDENTIFIER


def test_a_refused_row_keeps_its_bytes_and_its_line_and_takes_an_ordinal() -> None:
    first, second, third = rows([HEADER + b"\r\n", line() + b"\r\n", b"\xff,cut" + b"\r\n", line()])
    assert isinstance(second, RefusedRow)
    assert (second.line, second.row) == (3, b"\xff,cut")
    assert isinstance(first, Interaction)
    assert isinstance(third, Interaction)
    assert (first.id, third.id) == ("1", "3")


def test_equal_rows_are_separate_gifts() -> None:
    results = rows([HEADER, line(), line()])
    assert [one.data.plain()["donation_id"] for one in results if isinstance(one, Interaction)] == ["fec:1", "fec:2"]


def test_bytes_that_are_no_utf8_do_not_join_two_donors() -> None:
    named = [line(donor_key="?").replace(b"?", odd) for odd in (b"\xe9", b"\xe8")]
    donors = [one.data.contact.external for one in rows([HEADER, *named]) if isinstance(one, Interaction)]
    assert len({str(donor) for donor in donors}) == 2


def test_without_its_header_nothing_of_a_file_is_read() -> None:
    results = list(rows([line(), line(contb_receipt_amt="7")]))
    assert [one.line for one in results if isinstance(one, RefusedRow)] == [1, 2]


def the_file() -> Iterator[bytes]:
    with gzip.open(FILE) as lines:
        yield from lines


@pytest.fixture(scope="module")
def imported() -> list[ImportedRow]:
    return list(rows(the_file()))


@pytest.fixture(scope="module")
def cells() -> list[list[str]]:
    return list(csv.reader(row.decode() for row in the_file()))[1:]


def test_the_totals_of_the_real_file_are_those_of_its_columns(
    imported: list[ImportedRow], cells: list[list[str]]
) -> None:
    whole = [row for row in cells if len(row) == 13]
    amounts = [Decimal(row[6]) * 100 for row in whole if row[9] != "X"]
    read = [one for one in imported if isinstance(one, Interaction)]
    given = [one.data.amount for one in read if isinstance(one.data, DonationMade)]
    returned = [one.data.amount for one in read if isinstance(one.data, DonationRefunded)]
    assert (sum(given), len(given)) == (sum(a for a in amounts if a > 0), sum(a > 0 for a in amounts))
    assert (sum(returned), len(returned)) == (-sum(a for a in amounts if a < 0), sum(a < 0 for a in amounts))
    assert sum(row[9] == "X" for row in whole) == 224


def test_the_cut_off_last_line_is_refused_as_it_is(imported: list[ImportedRow]) -> None:
    last = imported[-1]
    assert isinstance(last, RefusedRow)
    assert last.refusal.reason is Reason.MALFORMED_ROW
    assert last.line == 15_585
    assert last.row == b'C00431171,P80003353,"Romney, Mitt",db62dbde3fe03978,CA,940,100,22-FEB-12'


def test_every_donation_of_the_real_file_passes_the_intake(imported: list[ImportedRow]) -> None:
    read = [one for one in imported if isinstance(one, Interaction)]
    appended_at = max(one.time for one in read)
    for one in read:
        assert decode(Record(DONATION_EVENTS, encode_structured(one), [], appended_at)) == one


def test_contributions_may_bear_another_source() -> None:
    (result,) = rows([HEADER, line()], source="fec/2016")
    assert isinstance(result, Interaction)
    assert result.source == "fec/2016"
