"""Renders the daily report as text of 80 columns for a mail or a terminal, and as one self-contained HTML file."""

import textwrap
from collections.abc import Iterator, Sequence

from streams.history.daily_report.page import Page
from streams.history.daily_report.tables import Table
from streams.history.page_templates import render

WIDTH = 80
_GAP = 2
_NARROWEST = 12


def text_of(page: Page) -> str:
    """The page as text."""
    return "\n".join(line.rstrip() for line in _lines(page)) + "\n"


def _lines(page: Page) -> Iterator[str]:
    yield page.title.upper()
    yield from textwrap.wrap(page.subtitle, WIDTH)
    yield ""
    if not page.warnings:
        yield "Nothing stands out."
    for warning in page.warnings:
        yield from textwrap.wrap(warning, WIDTH, initial_indent="! ", subsequent_indent="  ")
    for table in page.tables:
        yield ""
        yield table.title.upper()
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    if not table.rows:
        yield table.nothing
        return
    heads = [_broken(name) for name in table.columns]
    widths = [
        max(*(len(part) for part in head), *(len(row[place]) for row in table.rows)) for place, head in enumerate(heads)
    ]
    room = WIDTH - sum(widths[1:]) - _GAP * (len(widths) - 1)
    above = room < min(widths[0], _NARROWEST)
    widths[0] = 0 if above else min(widths[0], room)
    yield from _head(heads, widths)
    yield "-" * min(WIDTH, sum(widths) + _GAP * (len(widths) - 1))
    for row in table.rows:
        first, *further = textwrap.wrap(row[0], WIDTH if above else widths[0]) or [""]
        if above:
            yield first
        yield _line(["" if above else first, *row[1:]], widths)
        yield from further
    if table.note:
        yield from textwrap.wrap(table.note, WIDTH)


def _head(heads: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Column heads of several lines, aligned at the bottom."""
    height = max(map(len, heads))
    for line in range(height):
        shown = [head[line - (height - len(head))] if line >= height - len(head) else "" for head in heads]
        yield _line(shown if widths[0] else ["", *shown[1:]], widths)


def _broken(name: str) -> list[str]:
    """A column head broken into short lines."""
    return textwrap.wrap(name, 11, break_long_words=False) or [""]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = cells
    shown = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
    return (" " * _GAP).join([first.ljust(widths[0]), *shown])


def html_of(page: Page) -> str:
    """The page as HTML: light or dark as its reader has it, and white on paper."""
    return render(__package__, "daily.html", {"page": page})
