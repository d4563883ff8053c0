"""The adapter for itemised contributions as the Federal Election Commission publishes them (file P00000001-ALL).

A negative row is a refund. A memo entry repeats money that another row counts, so it is refused, and so is a row that
cannot be read whole: a wrong amount would be worse than a missing one.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import ValidationError

from events.adapters.drafts import adapter_failure
from events.adapters.values import region
from events.contact import Contact
from events.envelope import Interaction
from events.fields import MAX_RECORD_BYTES
from events.interactions.donation import DonationMade, DonationRefunded, RefundKind
from events.refusal import Reason, Refusal

SOURCE = "fec/2012"
COLUMNS = (
    *(
        "cmte_id",
        "cand_id",
        "cand_nm",
        "donor_key",
        "contbr_st",
        "contbr_zip3",
        "contb_receipt_amt",
        "contb_receipt_dt",
    ),
    *("receipt_desc", "memo_cd", "memo_text", "form_tp", "file_num"),
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII).fullmatch
_DATE = re.compile(r"(\d\d)-([A-Z]{3})-(\d\d)", re.ASCII).fullmatch

_NOT_A_HEADER = Refusal(Reason.MALFORMED_ROW, "line 1: must name the 13 columns, cmte_id to file_num")
_NO_COLUMNS = Refusal(Reason.MALFORMED_ROW, "row: must have all 13 columns")
_TOO_LONG = Refusal(Reason.TOO_LARGE, f"row: at most {MAX_RECORD_BYTES} bytes")
_NO_DONOR = Refusal(Reason.NO_IDENTIFIER, "donor_key: must not be empty")
_MEMO = Refusal(Reason.MEMO_ENTRY, "memo_cd: X is counted by another row")
_BAD_AMOUNT = Refusal(Reason.MALFORMED_ROW, "contb_receipt_amt: must be dollars in whole cents, not 0")
_BAD_DATE = Refusal(Reason.MALFORMED_ROW, "contb_receipt_dt: must be a day such as 17-FEB-12")
_BAD_TEXT = Refusal(Reason.MALFORMED_ROW, "cmte_id, donor_key: too long, or not text")


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is refused: its bytes without the line end, and its line, the header being line 1."""

    line: int
    row: bytes
    refusal: Refusal


ImportedRow = Interaction | RefusedRow


def rows(lines: Iterable[bytes], source: str = SOURCE) -> Iterator[ImportedRow]:
    """One result for each line after the header, in order. Raises nothing of its own.

    A row's id is its ordinal among all of them, the refused included, so two runs over one file say the same. Equal
    rows are separate gifts. Where line 1 is not the header, every line is refused: columns are not guessed.
    """
    known = False
    for line, raw in enumerate(lines, start=1):
        row = raw.rstrip(b"\r\n")
        if line == 1:
            known = tuple(_cells(row.removeprefix(b"\xef\xbb\xbf"))) == COLUMNS
            if not known:
                yield RefusedRow(line, row, _NOT_A_HEADER)
            continue
        result = _judged(row, line - 1, source) if known else _NOT_A_HEADER
        yield RefusedRow(line, row, result) if isinstance(result, Refusal) else result


def _cells(row: bytes) -> Sequence[str]:
    """The cells of a row; none where quotes are left open. Bytes that are no UTF-8 stay distinct."""
    try:
        return next(csv.reader([row.decode(errors="backslashreplace")], strict=True), ())
    except csv.Error:
        return ()


def _judged(row: bytes, ordinal: int, source: str) -> Interaction | Refusal:
    try:
        return _read(row, ordinal, source)
    except Exception as error:  # noqa: BLE001 - it costs this row alone
        return adapter_failure(error)


def _read(row: bytes, ordinal: int, source: str) -> Interaction | Refusal:
    if len(row) > MAX_RECORD_BYTES:
        return _TOO_LONG
    cells = _cells(row)
    if len(cells) != len(COLUMNS):
        return _NO_COLUMNS
    cell = dict(zip(COLUMNS, cells, strict=True))
    if not cell["donor_key"].strip():
        return _NO_DONOR
    if cell["memo_cd"].strip().upper() == "X":
        return _MEMO
    cents, time = _cents(cell["contb_receipt_amt"].strip()), _midnight(cell["contb_receipt_dt"].strip().upper())
    if not cents:
        return _BAD_AMOUNT
    if time is None:
        return _BAD_DATE
    try:
        data = _gift(cell, ordinal, cents) if cents > 0 else _refund(cell, ordinal, -cents)
    except ValidationError:
        return _BAD_TEXT
    return Interaction(str(ordinal), source, _TYPES[type(data)], time, data)


_TYPES: dict[type, str] = {DonationMade: "donation.made", DonationRefunded: "donation.refunded"}


def _gift(cell: dict[str, str], ordinal: int, cents: int) -> DonationMade:
    return DonationMade(
        contact=_contact(cell),
        donation_id=f"fec:{ordinal}",
        amount=cents,
        currency="USD",
        committee=cell["cmte_id"] or None,
    )


def _refund(cell: dict[str, str], ordinal: int, cents: int) -> DonationRefunded:
    """A refund; the file does not say of which gift."""
    charged_back = "CHARGED BACK" in f"{cell['memo_text']} {cell['receipt_desc']}".upper()
    kind: RefundKind = "chargeback" if charged_back else "refund"
    return DonationRefunded(
        contact=_contact(cell),
        refund_id=f"fec:{ordinal}",
        amount=cents,
        currency="USD",
        kind=kind,
        committee=cell["cmte_id"] or None,
    )


def _contact(cell: dict[str, str]) -> Contact:
    """The donor; armed forces (AA, AE, AP) and places abroad are in no region of ISO 3166-2:US."""
    return Contact(external={"fec": cell["donor_key"]}, region=region(cell["contbr_st"]))


def _cents(dollars: str) -> int | None:
    """Whole cents, exactly; None where the text is no number or has a fraction of a cent."""
    if not _AMOUNT(dollars):
        return None
    cents = Decimal(dollars) * 100
    return int(cents) if cents == int(cents) else None


def _midnight(day: str) -> int | None:
    """00:00 UTC of `17-FEB-12`, in milliseconds since 1970. The years are 20xx: the file's kind begins with 2008."""
    match = _DATE(day)
    if match is None or match[2] not in _MONTHS:
        return None
    try:
        midnight = datetime(2000 + int(match[3]), _MONTHS.index(match[2]) + 1, int(match[1]), tzinfo=UTC)
    except ValueError:
        return None
    return int(midnight.timestamp()) * 1_000
