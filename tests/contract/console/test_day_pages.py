"""`/days` and the page of one day: the daily report in the reader's language, made by a child process."""

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from streams.history.daily_report.figures import (
    CanvassResults,
    CurrencyTotals,
    DailyReport,
    DayFigures,
    HeldBackCount,
    MoneyPart,
    Pledges,
)
from streams.history.insights.known_values import TimeRange
from streams.history.insights.own_process import InsightsProcess
from streams.services.console.day_reports import AGAIN_S, FRESH_S, DayReports, FoundReport
from streams.services.console.rights import Scope, Viewer
from tests.contract.console.signed_in_console import NOW, STRATEGIST, SignedInConsole, page_of

QUIET = DayFigures("2012-11-05", (), (), (), Pledges(0, 0, 0, 0, 0, 0), (), (), (), (), (), ())
BUSY = replace(
    QUIET,
    money=(CurrencyTotals("USD", 400, 2_912_350, 12_000, 390, 41),),
    refcodes=(MoneyPart("<b>ask</b>\x1b", "USD", 400, 2_912_350, 12_000),),
    methods=(CanvassResults("door", 1_204, 349, 120),),
    held=(HeldBackCount("deny", "hard_bounced", "email", 12),),
)
BEFORE = replace(QUIET, date="2012-10-29", money=(CurrencyTotals("USD", 500, 5_000_000, 0, 480, 50),))
REPORT = DailyReport("America/New_York", NOW - 60_000, BUSY, BEFORE)
EMPTY = DailyReport(
    "America/New_York", NOW, QUIET, replace(QUIET, date="2012-10-29"), known=TimeRange(1_330_000_000_000, NOW)
)


@pytest.fixture(autouse=True)
def days(tmp_path: Path) -> None:
    """Two days that have a report."""
    (tmp_path / "2012-11-05").write_bytes(msgspec.json.encode(REPORT))
    (tmp_path / "2012-11-04").write_bytes(msgspec.json.encode(EMPTY))


async def made(console: SignedInConsole, date: str) -> None:
    async with asyncio.timeout(30):
        assert (await settled(console.reports, date)).report is not None


async def settled(reports: DayReports, date: str) -> FoundReport:
    """What there is of a day once nothing is being made; it is begun where it is due."""
    reports.find(date)
    await reports.settled()
    return reports.find(date)


async def test_the_menu_leads_to_yesterday(console: SignedInConsole) -> None:
    async with console.browser(STRATEGIST) as browser:
        answer = await browser.get("/days")
    assert (answer.status_code, answer.headers["location"]) == (303, "/days/2012-11-05")


async def test_a_day_is_shown_with_its_warnings_figures_and_tables(console: SignedInConsole) -> None:
    await made(console, "2012-11-05")
    text = await page_of(console, "/days/2012-11-05")

    told = [
        "Monday, 5 November 2012",
        "beside Monday, 29 October 2012; days of America/New_York",
        "Gross was $29,123.50, 42% less than $50,000.00 the week before.",
        "-42%",
        "$29,123.50",
        "&lt;b&gt;ask&lt;/b&gt;?",
        "hard bounced, email",
        "door",
        "29%",
    ]
    for each in told:
        assert each in text, each
    assert "<b>ask" not in text
    assert " style=" not in text


async def test_a_day_without_anything_leads_to_days_that_have_something(console: SignedInConsole) -> None:
    await made(console, "2012-11-04")
    text = await page_of(console, "/days/2012-11-04")

    assert "Nothing is known of this day: the first interaction is of" in text
    assert 'href="/days/2012-02-23"' in text
    assert 'href="/days/2012-11-06"' in text


async def test_the_calendar_leads_to_every_day_that_has_begun_and_to_the_month_before(
    console: SignedInConsole,
) -> None:
    text = await page_of(console, "/days/2012-11-05")

    assert 'href="/days/2012-11-01"' in text
    assert '<a href="/days/2012-11-05" aria-current="date">' in text
    assert 'href="/days/2012-11-06"' in text
    assert 'href="/days/2012-11-07"' not in text
    assert 'href="/days/2012-10-31"' in text
    assert "The month after" not in text


@pytest.mark.parametrize("path", ["/days/2012-11-07", "/days/2012-02-30", "/days/1969-01-01", "/days/x"])
async def test_a_day_that_has_not_begun_or_is_none_is_not_found(console: SignedInConsole, path: str) -> None:
    await page_of(console, path, status=404)


async def test_who_sees_a_part_of_everything_sees_no_report(console: SignedInConsole) -> None:
    await made(console, "2012-11-05")
    for scope in (Scope(teams=frozenset({"field"})), Scope(committees=frozenset({"c1"}))):
        text = await page_of(console, "/days/2012-11-05", Viewer("bob", frozenset({"figures"}), scope))
        assert "The report counts all teams, regions and committees" in text
        assert "$29,123.50" not in text


async def test_a_report_that_cannot_be_made_says_so_and_is_tried_again(console: SignedInConsole) -> None:
    async with asyncio.timeout(30):
        assert (await settled(console.reports, "2012-11-03")).failed
    assert "The report could not be made" in await page_of(console, "/days/2012-11-03")


async def test_a_report_is_made_again_when_it_is_old_and_the_old_one_is_shown_meanwhile(tmp_path: Path) -> None:
    now = 0.0
    file = tmp_path / "report"
    reads = "import pathlib, sys; print(pathlib.Path(sys.argv[1]).read_text())"
    reports = DayReports(InsightsProcess((sys.executable, "-c", reads, str(file)), fresh_s=0.0), lambda: now)
    async with asyncio.timeout(30):
        assert not (await settled(reports, "2012-11-05")).report
        file.write_bytes(msgspec.json.encode(REPORT))
        assert reports.find("2012-11-05").failed
        now += AGAIN_S
        assert (await settled(reports, "2012-11-05")).report == REPORT

        file.write_bytes(msgspec.json.encode(EMPTY))
        now += FRESH_S - 1
        assert (await settled(reports, "2012-11-05")).report == REPORT
        now += 1
        assert reports.find("2012-11-05").report == REPORT
        await reports.settled()
        assert reports.find("2012-11-05").report == EMPTY
    await reports.stop()
