"""Tells what parts the columns of a CSV table by its first row, which names them: commas, or semicolons.

Spreadsheets write semicolons in France and wherever else a comma is that of decimals. A name may hold either: forms
call a column after its question, and do not quote the mark that parts nothing in their file.
"""

import re
from collections.abc import Callable, Sequence

COMMA, SEMICOLON = ",", ";"


def mark_of(
    header: str, cells_of: Callable[[str, str], Sequence[str] | None], known: Callable[[Sequence[str]], int]
) -> str:
    """What parts the columns of a table whose first row this is, given without its line end.

    `cells_of`: parts a row by a mark; None: it cannot be. `known`: how many of these names tell who or what is meant.
    In this order: by that mark all quotes stand around names, more names are known, there are more names; else commas.
    """

    def fit(mark: str) -> tuple[bool, int, int]:
        cells = cells_of(header, mark) or ()
        return _is_well_quoted[mark](header) is not None, known(cells), len(cells)

    return max((COMMA, SEMICOLON), key=fit)


def _well_quoted(mark: str) -> re.Pattern[str]:
    cell = rf'(?:"(?:[^"]|"")*"|[^"{mark}]*)'
    return re.compile(f"{cell}(?:{mark}{cell})*")


_is_well_quoted = {mark: _well_quoted(mark).fullmatch for mark in (COMMA, SEMICOLON)}
