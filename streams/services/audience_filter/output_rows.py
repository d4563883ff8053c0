"""The two files: rows as the sender wrote them, and behind them what was decided, in columns named `harmonia_…`."""

import orjson

from events.times import render_time
from streams.domain.pressure import Decision
from streams.services.audience import Record
from streams.services.audience.appended_fields import malformed_with_columns, with_columns
from streams.services.audience_filter.questions import Trouble

ALLOWED_COLUMNS = ("harmonia_expires_at", "harmonia_policy_version")
DENIED_COLUMNS = (
    "harmonia_decision",
    "harmonia_reason",
    "harmonia_earliest_at",
    "harmonia_evidence",
    "harmonia_line",
)
OWN = frozenset((*ALLOWED_COLUMNS, *DENIED_COLUMNS))


def allowed_row(raw: bytes, expires_at: int | None, policy_version: str) -> bytes:
    """The row of somebody who may be reached until then, ms."""
    return with_columns(raw, ("" if expires_at is None else render_time(expires_at), policy_version))


def refused_row(record: Record, decision: Decision) -> bytes:
    """The row of somebody who may not be reached, or not yet. Evidence is JSON, as in the API."""
    earliest = "" if decision.earliest_at is None else render_time(decision.earliest_at)
    said = [{"source": one.source, "id": one.id} for one in decision.evidence]
    evidence = _quoted(orjson.dumps(said).decode()) if said else ""
    return with_columns(record.raw, (decision.decision, decision.reason, earliest, evidence, str(record.line)))


def repeated_row(record: Record) -> bytes:
    """The second row of one person, who is to be reached once."""
    return with_columns(record.raw, ("deny", "repeated_in_audience", "", "", str(record.line)))


def troubled_row(record: Record, trouble: Trouble, width: int) -> bytes:
    """A row that names nobody. One that is malformed lies whole in the first column, and the others stay in theirs."""
    columns = ("deny", trouble, "", "", str(record.line))
    if trouble == "no_identifier":
        return with_columns(record.raw, columns)
    return malformed_with_columns(record.raw, width, columns)


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
