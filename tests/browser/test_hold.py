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
from streams.platform.topic_reading import records_of
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite, running_console
from tests.integration.command import on
from tests.integration.follow_process import following
from tests.integration.said import event, fresh, structured
from tests.integration.system import System
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


def hold(page: Page) -> None:
    """Take the second look, and hold."""
    page.get_by_role("link", name=f"Hold {CAMPAIGN}", exact=True).click()
    page.get_by_text(f"nobody may be reached for {CAMPAIGN}").wait_for()
    page.get_by_role("button", name=f"Hold {CAMPAIGN}", exact=True).click()


def test_hold_and_lift_are_said_once_redis_says_so_and_are_audited(reader: Readers, held: HoldSite) -> None:
    ada = reader("ada", url=held.console.url)
    ada.expected |= {404, 503}
    until(lambda: ada.open(f"/campaigns/{CAMPAIGN}") == 200, "the campaign in the desk")
    ada.page.get_by_role("link", name=f"Hold {CAMPAIGN}", exact=True).click()
    ada.page.get_by_text(f"nobody may be reached for {CAMPAIGN}").wait_for()
    assert ada.violations() == []
    ada.page.get_by_role("link", name="Do not hold it").click()
    ada.page.get_by_text("Yes: it is not on hold.").wait_for()
    assert audited(held.system, "hold") == []
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
        assert ada.page.inner_text("#body-providers") == figures
        assert ada.page.locator("#block-providers.is-stopped").count() == 1
    finally:
        os.killpg(held.system.workers.process.pid, signal.SIGCONT)
    ada.page.get_by_text("It may reach nobody until the hold is lifted.").wait_for()
    assert is_held(held.system)
    ada.page.get_by_role("button", name=f"Lift the hold {CAMPAIGN}").click()
    ada.page.wait_for_selector("#block-providers.is-live")
    ada.page.get_by_text("Yes: it is not on hold.").wait_for()
