"""Rows as their sender wrote them, with fields behind them."""

import csv
import io
from collections.abc import Sequence

from streams.services.audience.csv_records import splitted


def with_columns(raw: bytes, columns: Sequence[str]) -> bytes:
    """A row with fields behind it that need no quotes."""
    body, end = splitted(raw)
    return body + b"," + ",".join(columns).encode() + end


def malformed_with_columns(raw: bytes, width: int, columns: Sequence[str]) -> bytes:
    """One that is malformed lies whole in the first of `width` columns, and the fields behind it stay in theirs."""
    body, end = splitted(raw)
    return quoted([body.decode(errors="surrogateescape"), *[""] * (width - 1), *columns]) + end


def quoted(fields: Sequence[str]) -> bytes:
    """A row without its line end, in quotes where it needs them."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="", quoting=csv.QUOTE_MINIMAL).writerow(fields)
    return out.getvalue().encode(errors="surrogateescape")
