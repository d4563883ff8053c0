"""Rows of a filtered audience: in, the person each row identifies; out, the row with `harmonia_…` columns appended."""

from collections.abc import Sequence
from typing import Literal

import orjson

from events.identifiers import Hasher, ref_of
from events.interactions.base import Channel
from events.times import render_time
from streams.domain.pressure import Decision
from streams.domain.pressure.asking import REPEATED
from streams.services.audience import CsvRecord, Header, fields_of, hashes_of
from streams.services.audience.csv_records import malformed_with_columns, with_columns
from streams.services.audience.header import IdentifierField
from streams.services.permission.decisions import AskedPerson

RowProblem = Literal["malformed_row", "no_identifier"]
_ADDRESS: dict[Channel, IdentifierField] = {"email": "email", "text": "phone", "phone": "phone"}


class QuestionReader:
    """Reads whom each row identifies, for one channel.

    A message goes to the address in its row, so the person is looked up by that first: whoever closed it must be found,
    even where another identifier of the row leads to somebody else.
    """

    def __init__(self, header: Header, channel: Channel, hasher: Hasher) -> None:
        field = _ADDRESS.get(channel)
        self._column = None if field is None else header.column(field)
        self._header = header.beginning_with(self._column)
        self._hasher = hasher

    def read(self, record: CsvRecord) -> AskedPerson | RowProblem:
        """The person of a row, or why it identifies nobody."""
        fields = None if record.broken else fields_of(record.raw, self._header.width)
        if fields is None:
            return "malformed_row"
        names = hashes_of(self._header, fields, self._hasher)
        if not names:
            return "no_identifier"
        if self._column is None or not fields[self._column.position].strip():
            return AskedPerson(names)
        return _by_address(names, f"{self._column.field}:")


def _by_address(names: Sequence[str], kind: str) -> AskedPerson | RowProblem:
    """A row whose address cannot be read identifies nobody: it cannot be sent to, whoever the person is."""
    refs = [ref_of(name) for name in names if name.startswith(kind)]
    return AskedPerson(names, refs) if refs else "no_identifier"


ALLOWED_COLUMNS = ("harmonia_expires_at", "harmonia_policy_version")
DENIED_COLUMNS = (
    "harmonia_decision",
    "harmonia_reason",
    "harmonia_earliest_at",
    "harmonia_evidence",
    "harmonia_line",
)
OWN_COLUMNS = frozenset((*ALLOWED_COLUMNS, *DENIED_COLUMNS))


def allowed_row(raw: bytes, expires_at: int | None, policy_version: str) -> bytes:
    """The row of somebody who may be reached until `expires_at`, ms since 1970."""
    return with_columns(raw, ("" if expires_at is None else render_time(expires_at), policy_version))


def refused_row(record: CsvRecord, decision: Decision) -> bytes:
    """The row of somebody who may not be reached, or not yet; evidence as JSON, as in the API."""
    earliest = "" if decision.earliest_at is None else render_time(decision.earliest_at)
    said = [{"source": one.source, "id": one.id} for one in decision.evidence]
    evidence = _quoted(orjson.dumps(said).decode()) if said else ""
    return with_columns(record.raw, (decision.decision, decision.reason, earliest, evidence, str(record.line)))


def repeated_row(record: CsvRecord) -> bytes:
    """A further row of a person who has been allowed already."""
    return with_columns(record.raw, ("deny", REPEATED, "", "", str(record.line)))


def problem_row(record: CsvRecord, trouble: RowProblem, width: int) -> bytes:
    """A row that identifies nobody. A malformed one is put whole into the first column."""
    columns = ("deny", trouble, "", "", str(record.line))
    if trouble == "no_identifier":
        return with_columns(record.raw, columns)
    return malformed_with_columns(record.raw, width, columns)


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
