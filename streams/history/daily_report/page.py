"""The page of the daily report: its content, as text of 80 columns for a mail or a terminal, and as one HTML file."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from streams.domain.display_names import printable
from streams.history.daily_report.figures import DailyReport, DayFigures
from streams.history.daily_report.formatting import as_time, change, money, number
from streams.history.daily_report.tables import Table, earlier_of, tables_of
from streams.history.daily_report.warnings import warnings
from streams.history.page_templates import render


class Tile(Struct, frozen=True):
    """One headline figure."""

    name: str
    value: str
    beside: str


class Page(Struct, frozen=True):
    """The whole page, in order."""

    title: str
    subtitle: str
    warnings: tuple[str, ...]
    tiles: tuple[Tile, ...]
    tables: tuple[Table, ...]


def page_of(report: DailyReport) -> Page:
    """The page of a report."""
    day, before = report.day, report.before
    return Page(
        title=_written(day.date),
        subtitle=f"beside {_written(before.date)}; days of {report.time_zone}; all that was known at "
        f"{as_time(report.as_of, report.time_zone)}",
        warnings=tuple(map(printable, warnings(report))),
        tiles=tuple(_tiles(day, before)),
        tables=tuple(_seen(table) for table in tables_of(report)),
    )


def _seen(table: Table) -> Table:
    """Escape control characters: producers choose refcodes, campaigns and turfs."""
    return replace(table, rows=tuple(tuple(map(printable, row)) for row in table.rows))


def _written(day: str) -> str:
    read = date.fromisoformat(day)
    return f"{read:%A}, {read.day} {read:%B %Y}"


def _tiles(day: DayFigures, before: DayFigures) -> Iterable[Tile]:
    for one in day.money[:1]:
        earlier = earlier_of(one, before)
        for name, now, then in (
            ("gross", money(one.gross, one.currency), change(one.gross, earlier.gross)),
            ("net", money(one.net, one.currency), change(one.net, earlier.net)),
            ("gifts", number(one.gifts), change(one.gifts, earlier.gifts)),
            ("new donors", number(one.new_donors), change(one.new_donors, earlier.new_donors)),
        ):
            yield Tile(name, now, then)
    for label, method in (("doors", "door"), ("calls", "phone")):
        attempts = [sum(one.attempts for one in each.methods if one.name == method) for each in (day, before)]
        yield Tile(label, number(attempts[0]), change(*attempts))
    reached = [sum(one.reached for one in each.sends) for each in (day, before)]
    yield Tile("messages", number(reached[0]), change(*reached))


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
