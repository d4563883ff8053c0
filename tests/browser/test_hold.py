"""Holds, lifts and dead letters on a real deployment."""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
from playwright.sync_api import Page, expect

from events.json_types import JSON
from events.times import render_time
from events.topics import AUDIT_LOG, DEAD_LETTERS_REQUEUED
from sinks.holds import look_up_hold
from streams.platform.topic_reading import records_of
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite, running_console
from tests.browser.keyboard import press, speak_french, write
from tests.browser.layout import is_sound, lines_of
from tests.browser.reader import PHONE
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


# Dead letters on a real deployment: from a cause to a mapping, a rehearsal and a sending, by keyboard; in French.
SOURCE = "finance/broken-form"
FLOOD = 700
"""More refused records than put a source into quarantine in a minute."""
WRONG = '[cast]\ndata.amount = "whole"'
MAPPING = '[rename]\ndata.sum = "data.amount"\n[cast]\ndata.amount = "int"'


@pytest.fixture(scope="module")
def clinic(acting: ConsoleSite) -> ConsoleSite:
    """A console with a followed desk, after three gifts whose producer calls the amount `sum`."""
    for _ in range(3):
        data: dict[str, JSON] = {"donation_id": f"ab:{fresh()}", "sum": "2500", "currency": "USD", "amount": None}
        said = event("donation.made", {"contact_id": fresh()}, **data)
        value, headers = structured({**said, "source": SOURCE, "time": render_time(round(time.time() * 1000))})
        acting.system.deployment.producer.send("donation-events", value=value, headers=headers).get(30)
    return acting


def requeued(site: ConsoleSite) -> int:
    return sum(
        record.value is not None for record in records_of(site.system.deployment.consumer, DEAD_LETTERS_REQUEUED)
    )


def audited_on_site(site: ConsoleSite, what: str = "requeue") -> list[str]:
    records = (orjson.loads(record.value or b"{}") for record in records_of(site.system.deployment.consumer, AUDIT_LOG))
    return [record["viewer"] for record in records if record.get("what") == what]


def test_refused_gifts_are_mended_rehearsed_and_sent_once_in_french_by_the_keyboard_alone_on_a_phone(
    reader: Readers, clinic: ConsoleSite
) -> None:
    olga = reader("olga", PHONE, url=clinic.url)
    olga.expected |= {422, 503}
    speak_french(olga.page)
    until(lambda: olga.open("/letters") == 200 and SOURCE in olga.page.content(), "the cause in the desk")
    is_sound(olga)
    assert {*lines_of(olga.page, "#body-causes td")} == {1}
    olga.page.get_by_role("row", name=SOURCE).get_by_role("link").focus()
    olga.page.keyboard.press("Enter")
    expect(olga.page.locator("#body-fields")).to_contain_text("texte qui est un nombre entier (3)")
    assert "2500" not in olga.page.content()
    is_sound(olga)
    assert {*lines_of(olga.page, "#body-fields td")} == {1}
    assert olga.page.locator("#body-fields th").first.inner_text() == "Champ"

    write(olga.page, WRONG, "#mapping")
    press(olga.page, "Répéter, sans rien envoyer")
    expect(olga.page.get_by_role("alert")).to_contain_text("cast.data.amount n’est pas un genre")
    is_sound(olga)
    write(olga.page, MAPPING, "#mapping")
    press(olga.page, "Répéter, sans rien envoyer")
    expect(olga.page.locator("#body-run")).to_contain_text("3 choisis, 3 seraient envoyés")
    is_sound(olga)
    rehearsal, before = olga.page.url, requeued(clinic)

    press(olga.page, "Envoyer 3 enregistrements")
    expect(olga.page.locator("#body-run")).to_contain_text("3 choisis, 3 envoyés.")
    assert requeued(clinic) == before + 3
    assert audited_on_site(clinic) == ["olga"]
    olga.page.reload()
    expect(olga.page.locator("#body-run")).to_contain_text("3 choisis, 3 envoyés.")
    is_sound(olga)
    olga.page.goto(rehearsal)
    press(olga.page, "Envoyer 3 enregistrements")
    expect(olga.page.locator("#body-run")).to_contain_text("3 × déjà envoyés")
    assert requeued(clinic) == before + 3


def test_a_source_in_quarantine_is_let_go_once_by_the_keyboard_alone(reader: Readers, clinic: ConsoleSite) -> None:
    source, producer = (
        "flood/broken-app",
        clinic.system.deployment.producer,
    )  # no digits, or the name may be hidden as a number
    olga = reader("olga", url=clinic.url)

    def opened(**attributes: str) -> None:
        contact: dict[str, JSON] = {"contact_id": "flood"}
        said = {**event("email.opened", contact, message_id=fresh()), "source": source, **attributes}
        producer.send("email-events", structured(said)[0])

    for _ in range(2 * FLOOD):  # in two minutes, if it must be
        opened(time="yesterday")

    def is_held() -> bool:
        opened()
        producer.flush()
        return olga.open("/letters") == 200 and source in olga.page.inner_text("#body-quarantines")

    until(is_held, "the source among those in quarantine", 120)
    assert olga.violations() == []
    olga.page.get_by_role("link", name=f"Let it go {source}").focus()
    olga.page.keyboard.press("Enter")
    expect(olga.page.locator("#body-form")).to_contain_text(source)
    press(olga.page, "Rehearse, and send nothing")
    run = olga.page.locator("#body-run")
    expect(run).to_contain_text("would be sent")
    assert olga.violations() == []
    before = requeued(clinic)
    olga.page.get_by_role("button", name="Let it go, and send").focus()
    olga.page.keyboard.press("Enter")
    expect(run).to_contain_text(re.compile(r"chosen, \d+ sent\."))
    sent = requeued(clinic) - before
    assert sent > 0
    olga.page.reload()
    expect(run).to_contain_text(f"{sent} sent.")
    assert requeued(clinic) == before + sent
    assert audited_on_site(clinic, "release") == ["olga"]
