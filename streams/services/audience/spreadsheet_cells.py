"""Makes cells harmless that a spreadsheet would take for formulas, in rows of CSV that somebody opens there.

A list may hold what a stranger typed into a form. A quote before it makes it text. Numbers stay: `+15551234567` is no
formula, and with a quote no sender would know it.
"""

import re

from streams.history.importing.column_marks import COMMA
from streams.services.audience.csv_records import fields_of, quoted, split_line_end

_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_is_number = re.compile(r"[+-]?\d+([.,]\d+)?", re.ASCII).fullmatch
_begins_within = re.compile(r"([,;]\s*)(?=[=+\-@＝＋－＠])(?![+-]?\d)").sub


def harmless_cell(text: str) -> str:
    """A cell that no spreadsheet computes, nor a part of it, in a country where the other mark parts columns."""
    if text.lstrip(" ").startswith(_BEGINS) and not _is_number(text):
        text = f"'{text}"
    return _begins_within(r"\1'", text)


def harmless_row(raw: bytes, mark: str = COMMA) -> bytes:
    """A row of CSV with harmless cells; one that begins no formula, or cannot be read, as it is."""
    fields = fields_of(raw, mark=mark)
    if fields is None:
        return b"'" + raw if raw.lstrip(b" ").startswith(tuple(each.encode() for each in _BEGINS)) else raw
    cells = [harmless_cell(each) for each in fields]
    if cells == fields:
        return raw
    return quoted(cells, mark) + split_line_end(raw)[1]
