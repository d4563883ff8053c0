"""The content of the report's page, before it becomes text or HTML: warnings, headline figures and tables."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from streams.domain.display_names import printable
from streams.history.daily_report.figures import DailyReport, DayFigures
from streams.history.daily_report.formatting import as_time, change, money, number
from streams.history.daily_report.tables import Table, earlier_of, tables_of
from streams.history.daily_report.warnings import warnings


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
