"""Writes rows of CSV: the one writer of the project, whose rows stay one row to whoever reads them.

A field is quoted where it holds a quote, the mark that parts fields, or anything that some reader takes for the end of
a line. The csv module of Python 3.11 and 3.12 quotes only the line ends that it writes itself.

A list may hold what a stranger typed into a form. A quote before a formula makes it text, in each line of a cell: a
spreadsheet that parts columns by another mark ends its rows there. Numbers stay: `+15551234567` is no formula, and with
a quote no sender would know it.
"""

import re
from collections.abc import Iterable

from streams.history.importing.column_marks import COMMA, SEMICOLON

LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""The characters at which `str.splitlines` ends a line: no other reader knows more line ends."""
FORMULA = "=+-@＝＋－＠"
"""The characters that begin a formula in a spreadsheet."""
_FORMULA = re.escape(FORMULA)
_NUMBER = r"[+-]?[0-9]+(?:[.,][0-9]+)?+"
_needs_quotes = {mark: re.compile(f'["{mark}{LINE_ENDS}]').search for mark in (COMMA, SEMICOLON)}
_may_need_a_quote = re.compile(f"[\t{_FORMULA}{LINE_ENDS}]").search
_is_number = re.compile(rf" *{_NUMBER} *[{LINE_ENDS}]*").fullmatch
_BEGINS = rf'(?:[\s"]*[{_FORMULA}]|[ "]*\t)'
_begins_formula = re.compile(_BEGINS).match
_begins_with_line_end = re.compile(f" *[{LINE_ENDS}]").match
_quoted_within = re.compile(rf'(([,;\t])[ "]*+)(?={_BEGINS})(?!{_NUMBER} *(?:\2|[{LINE_ENDS}]|\Z))').sub


def csv_row(cells: Iterable[str], mark: str = COMMA, end: bytes = b"\n") -> bytes:
    """A row of cells as they are; a surrogate becomes the byte that it stands for."""
    row = mark.join(csv_field(cell, mark) for cell in cells)
    return (row or '""').encode(errors="surrogateescape") + end


def csv_field(text: str, mark: str = COMMA) -> str:
    """A cell as it stands in a row: in quotes where it needs them."""
    if _needs_quotes[mark](text) is None:
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def harmless_cell(text: str) -> str:
    """A cell of which no spreadsheet computes a line or a part, whatever mark parts columns there."""
    if _may_need_a_quote(text) is None:
        return text
    made = "".join(map(_harmless_line, text.splitlines(keepends=True)))
    return f"'{made}" if _begins_with_line_end(made) else made


def _harmless_line(line: str) -> str:
    if _begins_formula(line) and not _is_number(line):
        line = f"'{line}"
    return _quoted_within(r"\1'", line)
