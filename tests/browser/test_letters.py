"""Dead letters on a real deployment: from a cause to a mapping, a rehearsal and a sending, by keyboard; in French."""

import re
import time

import orjson
import pytest
from playwright.sync_api import Page, expect

from events.json_types import JSON
from events.times import render_time
from events.topics import AUDIT_LOG, DEAD_LETTERS_REQUEUED
from streams.platform.topic_reading import records_of
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite
from tests.browser.french import left_in_english
from tests.browser.keyboard import speak_french, write
from tests.browser.layout import crowded, lines_of
from tests.browser.reader import PHONE
from tests.integration.said import event, fresh, structured
from tests.integration.waiting import until

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


def audited(site: ConsoleSite, what: str = "requeue") -> list[str]:
    records = (orjson.loads(record.value or b"{}") for record in records_of(site.system.deployment.consumer, AUDIT_LOG))
    return [record["viewer"] for record in records if record.get("what") == what]


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
    one.expected.add(422)
    speak_french(one.page)
    one.open("/letters")
    assert left_in_english(one.page) == []
    assert {*lines_of(one.page, "#body-causes td")} == {1}
    one.page.get_by_role("row", name=SOURCE).get_by_role("link").click()
    expect(one.page.locator("#body-fields")).to_contain_text("texte qui est un nombre entier", timeout=90_000)
    assert left_in_english(one.page) == []
    assert {*lines_of(one.page, "#body-fields td")} == {1}
    assert one.page.locator("#body-fields th").first.inner_text() == "Champ"
    write(one.page, WRONG, "#mapping")
    press(one.page, "Répéter, sans rien envoyer")
    one.page.get_by_role("alert").wait_for()
    assert left_in_english(one.page) == []
    assert crowded(one.page) == []
    write(one.page, "", "#mapping")
    one.page.keyboard.press("Delete")
    press(one.page, "Répéter, sans rien envoyer")
    expect(one.page.locator("#body-run")).to_contain_text("choisis", timeout=90_000)
    assert left_in_english(one.page) == []
    assert one.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    one.page.click(".you summary")
    with one.page.expect_navigation():
        one.page.get_by_role("button", name="English").click()
    one.page.wait_for_load_state()


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
    expect(run).to_contain_text("would be sent", timeout=90_000)
    assert olga.violations() == []
    before = requeued(clinic)
    press(olga.page, "Let it go, and send")
    expect(run).to_contain_text(re.compile(r"chosen, \d+ sent\."), timeout=90_000)
    sent = requeued(clinic) - before
    assert sent > 0
    olga.page.reload()
    expect(run).to_contain_text(f"{sent} sent.")
    assert requeued(clinic) == before + sent
    assert audited(clinic, "release") == ["olga"]
