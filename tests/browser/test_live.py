"""Open pages: they follow what happens, and say so when they cannot."""

import asyncio
import signal
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import expect

from streams.services.console.live import STREAMS_OF_ONE
from tests.browser.chromium import chromium_or_skip
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite, running_console
from tests.browser.tabs import window
from tests.integration.waiting import until

SIGN_IN = """document.getElementById("token").value = "ada", document.querySelector("main form").requestSubmit()"""
IS_LIVE = """document.querySelector("#live.on") !== null"""


def test_of_twelve_tabs_the_one_in_front_is_live_and_none_hangs(site: ConsoleSite, tmp_path: Path) -> None:
    chromium = chromium_or_skip(with_windows=True)

    async def story() -> None:
        async with window(chromium, tmp_path) as opened:
            first = await opened.open(f"{site.url}/signin")
            await first.until("document.getElementById('token') !== null")
            await first.do(SIGN_IN)
            await first.until("document.querySelector('.top') !== null")
            tabs = [await opened.open(f"{site.url}/status") for _ in range(12)]
            for tab in (tabs[11], tabs[0], tabs[6]):
                await tab.bring_to_front()
                await tab.until(IS_LIVE)
                assert await tab.do("fetch('/people').then((answer) => answer.status)") == 200
            assert [await tab.do("document.hidden") for tab in tabs].count(True) == 11

    site.forget_tries()
    with ThreadPoolExecutor(1) as beside_playwright:
        beside_playwright.submit(asyncio.run, story()).result()
    until(lambda: site.metric("harmonia_console_streams ") == "harmonia_console_streams 0.0", "no open page")


def test_a_page_whose_console_is_gone_turns_grey_within_fifteen_seconds_and_shows_no_noughts(
    reader: Readers, site: ConsoleSite, tmp_path: Path
) -> None:
    with running_console(site.system, tmp_path) as console:
        ada = reader("ada", url=console.url)
        ada.open("/status")
        ada.page.wait_for_selector(".block-flows.is-live table")
        before = ada.page.inner_text("#body-flows")
        console.process.send_signal(signal.SIGKILL)
        ada.page.wait_for_selector("#block-flows.is-stopped", timeout=15_000)
        assert "stopped at" in ada.page.inner_text("#age-flows")
        assert ada.page.inner_text("#body-flows") == before
        expect(ada.page.locator("#live.on")).to_have_count(0)
        ada.wrong.clear()  # lost requests are what this test is about


def test_the_status_names_what_is_wrong_and_leads_to_its_runbook(
    reader: Readers, site: ConsoleSite, tmp_path: Path
) -> None:
    with running_console(site.system, tmp_path, KAFKA_BOOTSTRAP="127.0.0.1:1") as cut_off:
        olga = reader("olga", url=cut_off.url)
        olga.open("/status")
        olga.page.wait_for_selector(".finding.alarm")
        assert "Kafka" in olga.page.inner_text(".finding.alarm .why")
        olga.page.get_by_role("link", name="What to do PartitionStalled").click()
        olga.page.wait_for_url("**/status/partition-stalled")
        assert olga.page.locator("h1").inner_text() == "PartitionStalled (page)"


def test_a_session_with_too_many_live_pages_is_told_so_and_the_next_one_waits_its_turn(
    reader: Readers, site: ConsoleSite
) -> None:
    ada = reader("ada")
    ada.open("/people")
    until(lambda: site.metric("harmonia_console_streams ") == "harmonia_console_streams 0.0", "no open page")
    [cookie] = [each["value"] for each in ada.context.cookies() if each["name"] == "__Host-harmonia"]
    request = urllib.request.Request(f"{site.url}/events?page=status", headers={"Cookie": f"__Host-harmonia={cookie}"})
    with ExitStack() as opened:
        for _ in range(STREAMS_OF_ONE):
            opened.enter_context(urllib.request.urlopen(request, timeout=20))
        ada.open("/status")
        ada.page.get_by_text("too many pages are open, 24 of yours").wait_for()
        assert site.metric("harmonia_console_streams ") == f"harmonia_console_streams {STREAMS_OF_ONE}.0"
        assert 'why="streams"' in site.metric("harmonia_console_refused_total")
    ada.page.wait_for_selector("#live.on")
