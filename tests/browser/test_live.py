"""Open pages: they follow what happens, and say so when they cannot."""

import signal
from pathlib import Path

from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite, running_console


def test_of_twelve_tabs_the_one_in_front_is_live_and_none_hangs(reader: Readers, site: ConsoleSite) -> None:
    ada = reader("ada")
    tabs = [ada.page, *(ada.watch(ada.context.new_page()) for _ in range(11))]
    for tab in tabs:
        tab.goto(f"{site.url}/status")
        tab.wait_for_selector("#live.on")
    for tab in (tabs[0], tabs[5], tabs[11]):
        tab.bring_to_front()
        tab.reload()
        tab.wait_for_selector("#live.on")
        assert tab.evaluate("fetch('/people').then((answer) => answer.status)") == 200


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
        assert not ada.page.locator("#live.on").count()
        ada.wrong.clear()  # lost requests are what this test is about


def test_the_status_names_what_is_wrong_and_leads_to_its_runbook(
    reader: Readers, site: ConsoleSite, tmp_path: Path
) -> None:
    with running_console(site.system, tmp_path, KAFKA_BOOTSTRAP="127.0.0.1:1", HARMONIA_GRACE_S="2") as cut_off:
        olga = reader("olga", url=cut_off.url)
        olga.open("/status")
        olga.page.wait_for_selector(".finding.alarm", timeout=45_000)
        assert "Kafka" in olga.page.inner_text(".finding.alarm .why")
        olga.page.get_by_role("link", name="What to do PartitionStalled").click()
        olga.page.wait_for_url("**/status/partition-stalled")
        assert olga.page.locator("h1").inner_text() == "PartitionStalled (page)"


def test_a_console_without_redis_says_so(reader: Readers, site: ConsoleSite, tmp_path: Path) -> None:
    with running_console(site.system, tmp_path, REDIS_URL="redis://127.0.0.1:1/0") as cut_off:
        one = reader(url=cut_off.url)
        one.expected.add(503)
        one.open("/signin")
        one.page.fill("#token", "ada")
        one.page.keyboard.press("Enter")
        one.page.get_by_text("Redis does not answer").wait_for()


def test_open_pages_are_counted_and_let_go_of(reader: Readers, site: ConsoleSite) -> None:
    ada = reader("ada")
    ada.open("/status")
    ada.page.wait_for_selector("#live.on")
    assert site.metric("harmonia_console_streams ") != "harmonia_console_streams 0.0"
