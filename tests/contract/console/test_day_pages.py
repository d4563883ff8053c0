"""The pages of a day, of money, of doors, of deliveries and of duplicates."""

import asyncio
import re
import sys
import time
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

import streams.services.console as room
from events.outputs import Address
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
from streams.services.console.deliveries_observer import DeliveriesObserver, EndpointsSeen
from streams.services.console.desk import Desk
from streams.services.console.desk_access import DeskReader
from streams.services.console.pages.money import MONEY
from streams.services.console.rights import EVERYTHING, Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.api.desk import address, known
from tests.contract.console.endpoints_seen import endpoints_seen
from tests.contract.console.signed_in_console import NOW, STRATEGIST, SignedInConsole, Written, fill_people, page_of
from tests.contract.redis_server import RedisServer
from tests.unit.services.console.evening import fill_evening, limiting_policy

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


@pytest.fixture
def console(evening: SignedInConsole) -> SignedInConsole:
    """Of an evening whose policy has a limit for the first committee."""
    evening.judge_by(limiting_policy)
    return evening


async def shown(console: SignedInConsole, *roles: Role, reason: str = "task", scope: Scope = EVERYTHING) -> str:
    """The page for somebody, who says why where a reason is given."""
    async with console.browser(Viewer("tess", frozenset(roles), scope)) as browser:
        if reason:
            assert (await console.post(browser, "/money/givers", reason=reason)).status_code == 303
        answer = await browser.get("/money")
    assert answer.status_code == 200
    return answer.text.partition("<main")[2]


async def test_whoever_is_shown_near_a_limit_is_in_the_audit_log_with_the_reason(
    console: SignedInConsole, written: Written
) -> None:
    page = await shown(console, "treasury")
    assert "over by $100.00" in page
    [record] = written.records
    assert (record["viewer"], record["reason"]) == ("tess", "task")
    named = [answer["contact_id"] for answer in record["answers"]]
    assert len(named) >= 4
    assert all(f">{name}</a>" in page for name in named)


async def test_without_a_reason_or_the_role_nobody_is_named_near_a_limit(
    console: SignedInConsole, written: Written
) -> None:
    page = await shown(console, "treasury", reason="")
    assert "Why do you look?" in page
    assert "Fewer than ten people" in page
    for nameless in (page, await shown(console, "figures", "field", "sending")):
        assert "/people/" not in nameless
        assert "van." not in nameless
    assert not written.records


async def test_where_kafka_does_not_take_the_record_nobody_is_named_near_a_limit(
    console: SignedInConsole, written: Written
) -> None:
    written.is_away = True
    assert "/people/" not in await shown(console, "treasury")


async def test_treasurer_of_one_committee_sees_no_other(console: SignedInConsole) -> None:
    page = await shown(console, "treasury", scope=Scope(committees=frozenset({"C00580100"})))
    assert "C00580100" in page
    assert "C00431445" not in page


def test_no_live_block_of_money_names_anybody() -> None:
    live = [block.template for block in MONEY.blocks if block.every_s]
    folder = Path(room.__file__).parent / "templates"
    assert not [name for name in live if "contact_id" in (folder / name).read_text(encoding="utf-8")]


FINN = Viewer("finn", frozenset({"field"}), Scope(regions=frozenset({"US-OH"})))


async def test_field_director_of_ohio_sees_opens_and_follows_nothing_of_another_state(evening: SignedInConsole) -> None:
    for path in ("/", "/field"):
        page = (await page_of(evening, path, FINN)).partition("<main")[2]
        text = re.sub("<svg.*?</svg>", "", page, flags=re.DOTALL)  # a map names regions of which it shows nothing
        assert "Ohio" in text
        assert not [name for name in ("Pennsylvania", "Nevada", "Wisconsin", "ask-9", "$") if name in text]
    await page_of(evening, "/field/US-OH", FINN)
    await page_of(evening, "/field/US-PA", FINN, 404)
    await page_of(evening, "/events?page=field_region&region=US-PA", FINN, 404)


OLGA = Viewer("olga", frozenset({"operations"}))


def look() -> EndpointsSeen:
    """What a child process would see."""
    return endpoints_seen(NOW)


async def test_endpoints_are_listed_once_they_were_looked_at(console: SignedInConsole) -> None:
    assert "Nothing is known yet." in await page_of(console, "/deliveries", OLGA)
    observer = DeliveriesObserver(look)
    console.use(deliveries=observer)
    while observer.last() is None:  # once more where its child process, which yields to others, was too late
        await (observer._task or asyncio.sleep(0.1))
    async with asyncio.timeout(30):  # a block is rendered once a tick for all who look
        while "Nothing is known yet." in (  # noqa: ASYNC110 (a page tells nobody)
            page := await page_of(console, "/deliveries", OLGA)
        ):
            await asyncio.sleep(0.1)
    places = [page.index(f">{name}<") for name in ("old-app", "war-room", "crm", "field-app")]
    assert places == sorted(places)
    assert 'href="/deliveries"' in await page_of(console, "/status", OLGA)


async def test_before_anybody_was_told_anything_it_says_so(console: SignedInConsole) -> None:
    observer = DeliveriesObserver(look)
    observer._last, observer._seen_at, observer._at = EndpointsSeen(NOW, []), time.monotonic(), time.monotonic()
    console.use(deliveries=observer)
    assert "No endpoint was told anything yet." in await page_of(console, "/deliveries", OLGA)


OTHERS = 1_100
IDENTIFIER = "email:0123456789abcdef0123456789abcdef"


def fill(path: Path) -> None:
    """A decision and an identifier of yesterday, and then looks and alerts of many kinds."""
    fill_evening(path, NOW)
    desk, yesterday = Desk.create(path), NOW - 86_400_000
    with desk.transaction():
        for place, fragment in enumerate((1, 2)):
            desk.run(
                "INSERT INTO views VALUES (?, 'decided', ?, ?, 'zoe', 'link', ?, NULL, 'link')",
                (100 + place, place, yesterday, fragment),
            )
        looks = [(1000 + number, f"look-{number}", NOW - number) for number in range(OTHERS)]
        desk.run_many("INSERT INTO views VALUES (?, ?, 0, ?, 'zoe', 'read', 3, NULL, 'found')", looks)
        alerts = [("crowd", "identity_crowded", IDENTIFIER, yesterday)]
        alerts += [(f"cap-{number}", "campaign_complaints", "gotv-3", NOW - number) for number in range(OTHERS)]
        desk.run_many("INSERT INTO alerts VALUES (?, ?, ?, NULL, ?, '', '[]')", alerts)
    desk.close()


async def page(redis: Redis, folder: Path, who: str, path: str) -> str:
    """A page once a reason is given, which is kept for the session."""
    fill(folder / "desk.sqlite")
    console = SignedInConsole(redis, folder, DeskReader(folder / "desk.sqlite"), audit=Written())
    async with console.browser(Viewer("zoe", frozenset({"privacy"}))) as browser:
        await console.post(browser, "/people", who=who, reason="rights")
        answer = await browser.get(path)
    assert answer.status_code == 200
    return answer.text


async def test_a_decision_and_an_identifier_of_yesterday_are_there_after_a_thousand_looks_and_alerts(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path
) -> None:
    await fill_people(redis_server)
    text = await page(redis_client, tmp_path, "van.1", "/people/duplicates")
    for told in ("email:01234567…", "Undo", "Each was written down before it was sent"):
        assert told in text


async def test_two_contacts_are_shown_side_by_side_before_anybody_says_that_they_are_one(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path
) -> None:
    both: Address = address("shared@example.org")
    phone: Address = {**address("other@example.org"), "channel": "text"}
    zones = {"time_zone": "America/New_York", "region": "US-OH", "postal_code": None}
    people = [
        known("ada", zones=zones, addresses=[both], last_seen="2012-11-06T20:00:00Z"),
        known("bob", addresses=[both, phone], last_seen="2012-11-05T20:00:00Z"),
    ]
    await fill_people(redis_server, *people)
    text = await page(redis_client, tmp_path, "ada", "/people/duplicates?one=ada&other=bob")
    compared = text.partition('id="block-pair"')[2].partition('action="/people/duplicates"')[0]
    for told in ("US-OH", "Nov 6, 2012 15:00", "Nov 5, 2012 15:00", f"email:{both['ref'][:8]}…"):
        assert told in compared
    assert f"{phone['ref'][:8]}" not in compared
