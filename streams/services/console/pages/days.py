"""`/days` and `/days/{date}`: the daily report without what few people did (`day_cells`), its archive by calendar."""

from calendar import Calendar
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from babel.dates import format_date, get_day_names
from msgspec import Struct
from msgspec.structs import replace

from streams.domain.messages import CodedMessage, Day, Field, Money, Share, message, visible, visible_message
from streams.history.daily_report.figures import DailyReport
from streams.history.daily_report.page import subtitle_of
from streams.history.insights.known_values import TimeRange
from streams.history.insights.spans import day_of
from streams.services.console.day_cells import ShownTable, shown_headlines, shown_warnings
from streams.services.console.day_reports import FRESH_S, LIMIT_S, FoundReport
from streams.services.console.page import Block, Elsewhere, Loaded, Page, PageRefused, PageRequest, Withheld
from streams.services.console.rights import EVERYTHING
from streams.services.console.words import Words

EVERY_S = 2
STALE_S = FRESH_S + LIMIT_S
"""Seconds after which a report that should have been made again has stopped."""
FIRST_DAY = date(1970, 1, 8)
"""The first day that has a day to be held against."""

MONEY = frozenset({"report.money", "report.pledges", "report.refcodes", "report.committees"})
MESSAGES = frozenset({"report.messages", "report.providers", "report.held_back"})
FIELD = frozenset({"report.conversations", "report.turfs", "report.shifts"})
SOURCES = frozenset({"report.mostly_refused", "report.quarantines"})


class CalendarDay(Struct, frozen=True):
    """A day of the calendar. `path` empty: it has no report, since it has not begun."""

    number: int
    path: str
    is_shown: bool
    is_of_month: bool


class DaySteps(Struct, frozen=True):
    """The day of a page, and the days before and after it that have a report."""

    day: Day
    before: Day | None
    after: Day | None


class Figure(Struct, frozen=True):
    """A headline figure in words, and how it compares with the week before."""

    label: str
    value: str
    change: str


class TableInWords(Struct, frozen=True):
    """A table of the report in the reader's language. `hides`: what few people did is left out of it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str
    nothing: str
    hides: bool = False


async def enter_latest(asked: PageRequest) -> object:
    """Lead to yesterday."""
    raise Elsewhere(path_of(_today(asked) - timedelta(days=1)))


async def enter(asked: PageRequest) -> DaySteps:
    """The day of the page, and the days beside it. Raises PageRefused for one that has not begun or that is none."""
    try:
        day = date.fromisoformat(asked.params["date"])
    except ValueError:
        raise PageRefused.not_found() from None
    if not FIRST_DAY <= day <= _today(asked):
        raise PageRefused(404, "No report of this day", "A day has a report as soon as it has begun.")
    before, after = (day + timedelta(days=step) for step in (-1, 1))
    return DaySteps(
        Day(day.isoformat()),
        Day(before.isoformat()) if before >= FIRST_DAY else None,
        Day(after.isoformat()) if after <= _today(asked) else None,
    )


async def load_calendar(asked: PageRequest) -> Loaded:
    """The month of the day, with a way to every day of it and to the months beside it."""
    shown, today = date.fromisoformat(asked.params["date"]), _today(asked)
    before = shown.replace(day=1) - timedelta(days=1)
    after = (shown.replace(day=28) + timedelta(days=4)).replace(day=1)
    data = {
        "month": format_date(shown, "LLLL y", locale=asked.words.language),
        "weekdays": weekdays(asked.words),
        "weeks": list(weeks(shown, today)),
        "before": path_of(before) if before >= FIRST_DAY else "",
        "after": path_of(after) if after <= today else "",
    }
    return Loaded(data, None)


async def load_summary(asked: PageRequest) -> Loaded:
    """What stands out, and the headline figures."""
    found = _find(asked)
    report, words = found.report, asked.words
    if report is None:
        return Loaded({"found": found, "waits": words.span(found.waiting_s)}, asked.wall_ms)
    data = {
        "found": found,
        "subtitle": words.message(subtitle_of(report)),
        "warnings": [words.message(visible_message(each)) for each in shown_warnings(report)],
        "calm": words.message(message("report.calm")),
        "figures": list(figures(report, words)),
        "known": list(known_days(report.known, words)),
    }
    return Loaded(data, report.as_of)


def tables_block(codes: frozenset[str]) -> Block:
    """The block of the tables with these titles."""

    async def load(asked: PageRequest) -> Loaded:
        found = _find(asked)
        report = found.report
        if report is None:
            return Loaded({"tables": None}, asked.wall_ms)
        tables = [in_words(each, asked.words) for each in found.tables if each.table.title.code in codes]
        return Loaded({"tables": tables}, report.as_of)

    name, heading = _HEADINGS[codes]
    return Block(name, EVERY_S, load, "day_tables.html", heading, STALE_S)


_HEADINGS: Mapping[frozenset[str], tuple[str, str]] = {
    MONEY: ("money", "Donations"),
    MESSAGES: ("messages", "Messages and whom they did not reach"),
    FIELD: ("field", "Field"),
    SOURCES: ("sources", "Sources that are refused or held"),
}


def figures(report: DailyReport, words: Words) -> Iterator[Figure]:
    """The headline figures in words, money without cents."""
    for one in shown_headlines(report):
        value = replace(one.value, whole=True) if isinstance(one.value, Money) else one.value
        yield Figure(words.message(one.name), cell(value, words), cell(one.change, words))


def known_days(known: TimeRange | None, words: Words) -> Iterator[tuple[str, str]]:
    """Where the day has nothing: ways to the first and the latest day that have something, with their names."""
    if known is not None:
        for at in dict.fromkeys((known.first, known.latest)):
            day = day_of(at, words.zone)
            yield path_of(day), words.show(Day(day.isoformat()))


def in_words(shown: ShownTable, words: Words) -> TableInWords:
    """A table in the reader's language, control characters of producers' names escaped."""
    table = shown.table
    return TableInWords(
        title=words.message(table.title),
        columns=[cell(each, words) for each in table.columns],
        rows=[[cell(each, words) for each in row] for row in table.rows],
        note="" if table.note is None else words.message(table.note),
        nothing=words.message(table.nothing),
        hides=shown.hides,
    )


def cell(field: Field, words: Words) -> str:
    """A cell of a table; shares as this language writes them."""
    if isinstance(field, Share):
        return words.share(field.part, field.whole, field.digits)
    return words.show(visible(field))


def weekdays(words: Words) -> list[str]:
    """Short names of the days of the week, from Monday."""
    names = get_day_names("abbreviated", locale=words.language)
    return [names[place] for place in range(7)]


def weeks(shown: date, today: date) -> Iterator[list[CalendarDay]]:
    """The weeks of the month of a day, from Monday to Sunday."""
    for week in Calendar().monthdatescalendar(shown.year, shown.month):
        yield [
            CalendarDay(
                number=day.day,
                path=path_of(day) if FIRST_DAY <= day <= today else "",
                is_shown=day == shown,
                is_of_month=day.month == shown.month,
            )
            for day in week
        ]


def path_of(day: date) -> str:
    """Where the report of a day is."""
    return f"/days/{day.isoformat()}"


def _today(asked: PageRequest) -> date:
    return day_of(asked.now_ms, asked.words.zone)


def _find(asked: PageRequest) -> FoundReport:
    """The report of the page's day. Raises Withheld for who does not see everything that it counts."""
    if asked.viewer.scope != EVERYTHING:
        raise Withheld(_BEYOND_SCOPE)
    return asked.deps.day_reports.find(asked.params["date"])


_BEYOND_SCOPE: CodedMessage = message("report.beyond_scope")

LATEST = Page(path="/days", name="days", title="Days", menu="Results", act="see_days", blocks=(), enter=enter_latest)
DAY = Page(
    path="/days/{date}",
    name="day",
    title="Day",
    act="see_days",
    blocks=(
        Block("summary", EVERY_S, load_summary, "day_summary.html", "What stands out", STALE_S),
        tables_block(MONEY),
        tables_block(MESSAGES),
        tables_block(FIELD),
        tables_block(SOURCES),
        Block("calendar", 0, load_calendar, "day_calendar.html", "Archive"),
    ),
    params={"date": r"\d{4}-\d{2}-\d{2}"},
    enter=enter,
    template="day.html",
)
PAGES = (LATEST, DAY)
