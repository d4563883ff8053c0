"""The page of the daily report: its content, as text of 80 columns for a mail or a terminal, and as one HTML file."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from streams.domain.display_names import printable
from streams.domain.messages import Change, CodedMessage, Day, Field, Instant, Money, Share, english, message, shown
from streams.history.daily_report.figures import DailyReport, DayFigures
from streams.history.daily_report.tables import FigureTable, earlier_of, figure_tables
from streams.history.daily_report.warnings import warnings
from streams.history.page_templates import render


class Headline(Struct, frozen=True):
    """One headline figure, and how it compares with the week before."""

    name: CodedMessage
    value: Field
    change: Change


class Tile(Struct, frozen=True):
    """One headline figure in words."""

    name: str
    value: str
    beside: str


class Table(Struct, frozen=True):
    """A table in words. `note`: below it; `nothing`: text for no rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    nothing: str = "Nothing."


class Page(Struct, frozen=True):
    """The whole page, in order."""

    title: str
    subtitle: str
    warnings: tuple[str, ...]
    tiles: tuple[Tile, ...]
    tables: tuple[Table, ...]


def page_of(report: DailyReport) -> Page:
    """The page of a report."""
    return Page(
        title=english(title_of(report)),
        subtitle=english(subtitle_of(report)),
        warnings=tuple(map(printable, warnings(report))),
        tiles=tuple(Tile(*map(_cell, (one.name, one.value, one.change))) for one in headlines(report)),
        tables=tuple(map(_table_in_words, figure_tables(report))),
    )


def title_of(report: DailyReport) -> CodedMessage:
    """The day."""
    return message("report.title", day=Day(report.day.date))


def subtitle_of(report: DailyReport) -> CodedMessage:
    """With what it is compared, and up to when everything is known."""
    as_of = Instant(report.as_of, report.time_zone)
    return message("report.subtitle", before=Day(report.before.date), zone=report.time_zone, as_of=as_of)


def _table_in_words(table: FigureTable) -> Table:
    """Control characters in cells are escaped: producers choose refcodes, campaigns and turfs."""
    return Table(
        title=english(table.title),
        columns=tuple(map(_cell, table.columns)),
        rows=tuple(tuple(printable(_cell(cell)) for cell in row) for row in table.rows),
        note="" if table.note is None else english(table.note),
        nothing=english(table.nothing),
    )


def _cell(field: Field) -> str:
    """Shares as the report writes them, `26%`."""
    return shown(field, "tight" if isinstance(field, Share) else "")


def headlines(report: DailyReport) -> Iterable[Headline]:
    """The headline figures, in order."""
    day, before = report.day, report.before
    for one in day.money[:1]:
        earlier = earlier_of(one, before)
        yield _headline("report.gross", Money(one.gross, one.currency), one.gross, earlier.gross)
        yield _headline("report.net", Money(one.net, one.currency), one.net, earlier.net)
        yield _headline("report.gifts", one.gifts, one.gifts, earlier.gifts)
        yield _headline("report.new_donors", one.new_donors, one.new_donors, earlier.new_donors)
    for code, method in (("report.doors", "door"), ("report.calls", "phone")):
        now, then = (_attempts(each, method) for each in (day, before))
        yield _headline(code, now, now, then)
    now, then = (sum(one.reached for one in each.sends) for each in (day, before))
    yield _headline("report.messages_tile", now, now, then)


def _headline(code: str, value: Field, now: int, then: int) -> Headline:
    return Headline(message(code), value, Change(now, then))


def _attempts(day: DayFigures, method: str) -> int:
    return sum(one.attempts for one in day.methods if one.name == method)


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
        yield english(message("report.calm"))
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
