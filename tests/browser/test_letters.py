"""Dead letters on a real deployment: from a cause to a mapping, a rehearsal and a sending, by keyboard; in French."""

import re
import time

import orjson
import pytest
from playwright.sync_api import expect

from events.json_types import JSON
from events.times import render_time
from events.topics import AUDIT_LOG, DEAD_LETTERS_REQUEUED
from streams.platform.topic_reading import records_of
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite
from tests.browser.keyboard import press, speak_french, write
from tests.browser.layout import is_sound, lines_of
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
    assert audited(clinic) == ["olga"]
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
    assert audited(clinic, "release") == ["olga"]
