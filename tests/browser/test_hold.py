"""Hold and Lift on a real deployment: the page says held only when Redis does, also where a worker or Redis dies."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
from playwright.sync_api import Page

from events.json_types import JSON
from events.times import render_time
from events.topics import AUDIT_LOG
from sinks.holds import look_up_hold
from streams.local.stack import Stack
from streams.platform.topic_reading import records_of
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite, running_console
from tests.integration.command import ended_well, harmonia_process, on
from tests.integration.follow_process import following
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, running_system, shared_stack
from tests.integration.waiting import until

CAMPAIGN = "gotv-3"


class HoldSite(NamedTuple):
    """A console with a desk that is followed."""

    system: System
    console: ConsoleSite


@pytest.fixture(scope="module")
def held(site: ConsoleSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HoldSite]:
    with _followed(site.system, tmp_path_factory.mktemp("hold")) as found:
        yield found


@contextmanager
def _followed(system: System, folder: Path) -> Iterator[HoldSite]:
    """A console of a deployment with a desk, after a mail of the campaign."""
    _send_mail(system)
    desk = str(folder / "desk.sqlite")
    environment = on(system.stack, HARMONIA_DESK=desk, HARMONIA_METRICS_PORT="0")
    with following(folder, "follow", environment), running_console(system, folder, HARMONIA_DESK=desk) as console:
        yield HoldSite(system, console)


@pytest.fixture
def doomed(stack: Stack, tmp_path: Path) -> Iterator[HoldSite]:
    """The same of a deployment of its own, since its worker is killed."""
    with (
        shared_stack(stack) as own,
        running_system(own, tmp_path) as system,
        _followed(system, tmp_path) as found,
    ):
        yield found


def _send_mail(system: System) -> None:
    """Say that a mail of the campaign was just sent."""
    contact: dict[str, JSON] = {"email": f"{fresh()}@gmail.com"}
    said = event("email.sent", contact, message_id=fresh(), campaign_id=CAMPAIGN, team="digital")
    value, headers = structured({**said, "time": render_time(round(time.time() * 1000))})
    system.deployment.producer.send("email-events", value=value, headers=headers).get(30)


def is_held(system: System) -> bool:
    found = look_up_hold(system.deployment.redis, CAMPAIGN)
    return found is not None and found.hold is not None


def audited(system: System, what: str) -> list[str]:
    records = (orjson.loads(record.value or b"{}") for record in records_of(system.deployment.consumer, AUDIT_LOG))
    return [record["viewer"] for record in records if record.get("what") == what]


def hold(page: Page, link: str = "Hold") -> None:
    """Take the second look, and hold."""
    page.get_by_role("link", name=f"{link} {CAMPAIGN}", exact=True).click()
    page.get_by_text(f"nobody may be reached for {CAMPAIGN}").wait_for()
    page.get_by_role("button", name=f"Hold {CAMPAIGN}", exact=True).click()


def test_a_stray_click_on_hold_orders_nothing_and_the_page_says_what_a_hold_does(
    reader: Readers, held: HoldSite
) -> None:
    ada = reader("ada", url=held.console.url)
    ada.expected |= {404, 503}
    until(lambda: ada.open(f"/campaigns/{CAMPAIGN}") == 200, "the campaign in the desk")
    before = len(audited(held.system, "hold"))
    ada.page.get_by_role("link", name=f"Hold {CAMPAIGN}", exact=True).click()
    ada.page.get_by_text(f"nobody may be reached for {CAMPAIGN}").wait_for()
    assert ada.violations() == []
    ada.page.get_by_role("link", name="Do not hold it").click()
    ada.page.get_by_text("Yes: it is not on hold.").wait_for()
    assert len(audited(held.system, "hold")) == before
    assert not is_held(held.system)


def test_hold_and_lift_are_said_once_redis_says_so_and_are_audited(reader: Readers, held: HoldSite) -> None:
    ada = reader("ada", url=held.console.url)
    ada.expected |= {404, 503}
    until(lambda: ada.open(f"/campaigns/{CAMPAIGN}") == 200, "the campaign in the desk")
    ada.page.get_by_text("Yes: it is not on hold.").wait_for()
    hold(ada.page)
    ada.page.get_by_text("It may reach nobody until the hold is lifted.").wait_for()
    assert is_held(held.system)
    assert audited(held.system, "hold") == ["ada"]
    ada.page.get_by_role("button", name=f"Lift the hold {CAMPAIGN}").click()
    ada.page.get_by_text("Yes: it is not on hold.").wait_for()
    assert not is_held(held.system)
    assert audited(held.system, "lift") == ["ada"]


def test_a_hold_that_is_sent_twice_is_ordered_once_and_works_without_scripts(reader: Readers, held: HoldSite) -> None:
    before = len(audited(held.system, "hold"))
    one = reader("ada", url=held.console.url, java_script_enabled=False)
    other = reader("ada", url=held.console.url, java_script_enabled=False)
    for each in (one, other):
        each.open(f"/campaigns/{CAMPAIGN}")
    for each in (one, other):
        hold(each.page)
        each.page.get_by_text("It may reach nobody until the hold is lifted.").wait_for()
    assert len(audited(held.system, "hold")) == before + 1
    one.page.get_by_role("button", name=f"Lift the hold {CAMPAIGN}").click()
    one.page.get_by_text("Yes: it is not on hold.").wait_for()


def test_a_hold_that_ends_by_itself_can_be_made_one_that_is_until_lifted(reader: Readers, held: HoldSite) -> None:
    order = ("hold", "--campaign", CAMPAIGN, "--until", render_time(round(time.time() * 1000) + 3_600_000))
    ended_well(harmonia_process(held.console.folder, *order, environment=on(held.system.stack)))
    ada = reader("ada", url=held.console.url)
    ada.open(f"/campaigns/{CAMPAIGN}")
    assert "until the hold is lifted" not in ada.page.inner_text("#body-hold")
    hold(ada.page, "Hold until it is lifted")
    ada.page.get_by_text("It may reach nobody until the hold is lifted.").wait_for()
    found = look_up_hold(held.system.deployment.redis, CAMPAIGN)
    assert found is not None
    assert found.hold is not None
    assert found.hold.until is None
    ada.page.get_by_role("button", name=f"Lift the hold {CAMPAIGN}").click()
    ada.page.get_by_text("Yes: it is not on hold.").wait_for()


def test_while_the_worker_hangs_nothing_is_said_to_be_held_and_figures_turn_grey(
    reader: Readers, held: HoldSite
) -> None:
    ada = reader("ada", url=held.console.url)
    ada.expected.add(503)
    ada.open(f"/campaigns/{CAMPAIGN}")
    ada.page.wait_for_selector("#block-providers.is-live")
    figures = ada.page.inner_text("#body-providers")
    os.killpg(held.system.workers.process.pid, signal.SIGSTOP)
    try:
        ada.page.wait_for_selector("#block-providers.is-stopped", timeout=17_000)
        ada.page.wait_for_selector("#block-hold.is-stopped", timeout=17_000)
        assert "stopped at" in ada.page.inner_text("#age-hold")
        ada.page.get_by_text("it was not on hold; no worker has said anything since").wait_for()
        assert ada.page.inner_text("#body-providers") == figures
        hold(ada.page)
        ada.page.get_by_text("Ordered, and not in force yet").wait_for()
        assert not is_held(held.system)
        ada.open(f"/campaigns/{CAMPAIGN}")
        assert "it was not on hold" in ada.page.inner_text("#body-hold")
    finally:
        os.killpg(held.system.workers.process.pid, signal.SIGCONT)
    ada.page.get_by_text("It may reach nobody until the hold is lifted.").wait_for()
    assert is_held(held.system)
    ada.page.get_by_role("button", name=f"Lift the hold {CAMPAIGN}").click()
    ada.page.get_by_text("Yes: it is not on hold.").wait_for()


def test_once_the_worker_is_killed_figures_turn_grey_stay_and_none_becomes_nought(
    reader: Readers, doomed: HoldSite
) -> None:
    ada = reader("ada", url=doomed.console.url)
    ada.expected |= {404, 503}
    until(lambda: ada.open(f"/campaigns/{CAMPAIGN}") == 200, "the campaign in the desk")
    ada.page.wait_for_selector("#block-providers.is-live")
    figures = ada.page.inner_text("#body-providers")
    assert "Gmail" in figures
    os.killpg(doomed.system.workers.process.pid, signal.SIGKILL)
    ada.page.wait_for_selector("#block-providers.is-stopped", timeout=17_000)
    ada.page.wait_for_selector("#block-acts.is-stopped", timeout=17_000)
    assert ada.page.inner_text("#body-providers") == figures
    assert "stopped at" in ada.page.inner_text("#age-providers")
    assert ada.open(f"/campaigns/{CAMPAIGN}") == 200
    assert ada.page.inner_text("#body-providers") == figures
    assert ada.page.locator("#block-providers.is-stopped").count() == 1
    hold(ada.page)
    ada.page.get_by_text("Ordered, and not in force yet").wait_for()
    assert not is_held(doomed.system)
    ada.page.close()


def test_a_deployment_that_allows_no_changes_has_no_button_and_takes_no_order(
    reader: Readers, held: HoldSite, tmp_path: Path
) -> None:
    desk = str(held.console.folder / "desk.sqlite")
    with running_console(held.system, tmp_path, HARMONIA_DESK=desk, HARMONIA_CONSOLE_MAY="") as console:
        ada = reader("ada", url=console.url)
        ada.open(f"/campaigns/{CAMPAIGN}")
        assert not ada.page.get_by_role("button", name="Hold").count()
        assert not ada.page.get_by_role("link", name="Hold").count()
        ada.expected.add(403)
        csrf = ada.page.locator("input[name=csrf]").first.get_attribute("value")
        status = ada.page.evaluate(
            "(csrf) => fetch('/campaigns/hold', {method: 'POST', body: new URLSearchParams({csrf, campaign: 'gotv-3'})"
            "}).then((answer) => answer.text().then(() => answer.status))",
            csrf,
        )
        assert status == 403
        assert not is_held(held.system)
        ada.page.close()
