"""Dead letters on a real deployment: from a cause to a mapping, a rehearsal and a sending, by keyboard; in French."""

import time
from collections.abc import Iterator

import orjson
import pytest
from playwright.sync_api import Page, expect

from events.json_types import JSON
from events.times import render_time
from events.topics import AUDIT_LOG, DEAD_LETTERS_REQUEUED
from streams.platform.topic_reading import records_of
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite, running_console
from tests.browser.reader import PHONE
from tests.integration.command import on
from tests.integration.follow_process import following
from tests.integration.said import event, fresh, structured
from tests.integration.waiting import until

SOURCE = "finance/broken-form"
WRONG = '[cast]\ndata.amount = "whole"'
MAPPING = '[rename]\ndata.sum = "data.amount"\n[cast]\ndata.amount = "int"'


@pytest.fixture(scope="module")
def clinic(site: ConsoleSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    """A console with a followed desk, after three gifts whose producer calls the amount `sum`."""
    folder = tmp_path_factory.mktemp("letters")
    for _ in range(3):
        data: dict[str, JSON] = {"donation_id": f"ab:{fresh()}", "sum": "2500", "currency": "USD", "amount": None}
        said = event("donation.made", {"contact_id": fresh()}, **data)
        value, headers = structured({**said, "source": SOURCE, "time": render_time(round(time.time() * 1000))})
        site.system.deployment.producer.send("donation-events", value=value, headers=headers).get(30)
    desk = str(folder / "desk.sqlite")
    environment = on(site.system.stack, HARMONIA_DESK=desk, HARMONIA_METRICS_PORT="0")
    may = "requeue release"
    with (
        following(folder, "follow", environment),
        running_console(site.system, folder, HARMONIA_DESK=desk, HARMONIA_CONSOLE_MAY=may) as console,
    ):
        yield console


def requeued(site: ConsoleSite) -> int:
    return sum(
        record.value is not None for record in records_of(site.system.deployment.consumer, DEAD_LETTERS_REQUEUED)
    )


def audited(site: ConsoleSite) -> list[str]:
    records = (orjson.loads(record.value or b"{}") for record in records_of(site.system.deployment.consumer, AUDIT_LOG))
    return [record["viewer"] for record in records if record.get("what") == "requeue"]


def press(page: Page, name: str) -> None:
    """Press a button by the keyboard alone."""
    page.get_by_role("button", name=name).focus()
    page.keyboard.press("Enter")


def test_refused_gifts_are_mended_rehearsed_and_sent_once_by_keyboard_alone(
    reader: Readers, clinic: ConsoleSite
) -> None:
    olga = reader("olga", url=clinic.url)
    olga.expected |= {422, 503}
    until(lambda: olga.open("/letters") == 200 and SOURCE in olga.page.content(), "the cause in the desk")
    assert olga.violations() == []
    olga.page.get_by_role("row", name=SOURCE).get_by_role("link").focus()
    olga.page.keyboard.press("Enter")
    expect(olga.page.locator("#body-fields")).to_contain_text("text that is a whole number (3)", timeout=90_000)
    assert "2500" not in olga.page.content()
    assert olga.violations() == []

    olga.page.locator("#mapping").focus()
    olga.page.keyboard.insert_text(WRONG)
    press(olga.page, "Rehearse, and send nothing")
    expect(olga.page.get_by_role("alert")).to_contain_text("cast.data.amount is no kind · give one of int")
    assert olga.violations() == []
    olga.page.locator("#mapping").focus()
    olga.page.keyboard.press("Control+A")
    olga.page.keyboard.insert_text(MAPPING)
    press(olga.page, "Rehearse, and send nothing")
    expect(olga.page.locator("#body-run")).to_contain_text("3 chosen, 3 would be sent", timeout=90_000)
    assert olga.violations() == []
    rehearsal, before = olga.page.url, requeued(clinic)

    press(olga.page, "Send 3 records")
    expect(olga.page.locator("#body-run")).to_contain_text("3 chosen, 3 sent.", timeout=90_000)
    assert requeued(clinic) == before + 3
    assert audited(clinic) == ["olga"]
    olga.page.reload()
    expect(olga.page.locator("#body-run")).to_contain_text("3 chosen, 3 sent.")
    olga.page.goto(rehearsal)
    press(olga.page, "Send 3 records")
    expect(olga.page.locator("#body-run")).to_contain_text("3 × sent before", timeout=90_000)
    assert requeued(clinic) == before + 3


def test_on_a_phone_in_french_nothing_of_it_is_english(reader: Readers, clinic: ConsoleSite) -> None:
    one = reader("olga", PHONE, url=clinic.url)
    one.page.click(".you summary")
    with one.page.expect_navigation():
        one.page.get_by_role("button", name="Français").click()
    one.page.wait_for_load_state()
    one.open("/letters")
    one.page.get_by_role("row", name=SOURCE).get_by_role("link").click()
    expect(one.page.locator("#body-fields")).to_contain_text("texte qui est un nombre entier", timeout=90_000)
    one.page.get_by_role("button", name="Répéter, sans rien envoyer").click()
    expect(one.page.locator("#body-run")).to_contain_text("choisis", timeout=90_000)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    one.page.click(".you summary")
    with one.page.expect_navigation():
        one.page.get_by_role("button", name="English").click()
    one.page.wait_for_load_state()
