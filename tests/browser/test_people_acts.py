"""What is done about people in the console, on a real deployment: stopped, exported, linked, parted and forgotten."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import orjson

from events.topics import AUDIT_LOG
from sinks.keys import identity_key, text
from streams.platform.topic_reading import records_of
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite
from tests.browser.french import left_in_english
from tests.browser.keyboard import choose, follow, press, write
from tests.browser.layout import beside, beside_their_fields, crowded, is_sound
from tests.browser.reader import PHONE, Reader
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, state_of
from tests.integration.waiting import until

# A locator waits until a download that the page has begun ends, so a text shown only meanwhile is recorded by the page.
RECORD_WHAT_IS_TOLD = """() => {
  const status = document.querySelector("[data-collects] [role=status]");
  window.told = [];
  new MutationObserver(() => window.told.push(status.textContent)).observe(status, {childList: true});
}"""


def somebody(system: System) -> tuple[str, str]:
    """Tell the deployment of somebody; their address and contact id."""
    email = f"{fresh()}@example.org"
    said = event("email.delivered", {"email": email, "region": "US-OH"}, message_id=fresh(), campaign_id="gotv-3")
    system.deployment.producer.send("email-events", structured(said)[0]).get(30)
    [hashed] = system.deployment.hasher.lookups("email", email)
    found = until(lambda: system.deployment.redis.get(identity_key(hashed)), "the contact in Redis")
    assert isinstance(found, bytes)
    return email, text(found)


def named_too(system: System, email: str, hashed: str) -> str:
    """Tell the deployment of an id of somebody who was known by their address alone; the id."""
    contact_id = fresh()
    said = event("form.submitted", {"contact_id": contact_id, "email": email}, form_id="f")
    system.deployment.producer.send("outreach-events", structured(said)[0]).get(30)
    redis = system.deployment.redis
    until(lambda: redis.get(identity_key(hashed)) == contact_id.encode(), "the address of whom the id names")
    until(lambda: hashed.encode() in (state_of(system, contact_id) or b""), "one profile of both")
    return contact_id


def audited(system: System, what: str, contact_id: str) -> list[str]:
    """The details of what `audit-log` has of acts about somebody."""
    records = (orjson.loads(record.value or b"{}") for record in records_of(system.deployment.consumer, AUDIT_LOG))
    return [
        record.get("detail", "")
        for record in records
        if record.get("what") == what and contact_id in [answer["contact_id"] for answer in record["answers"]]
    ]


def is_stopped(system: System, contact_id: str) -> bool:
    state = state_of(system, contact_id)
    return state is not None and orjson.loads(state)["stops"].get("all") is not None


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Processes that hang for the length of a block."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def forget(zoe: Reader, system: System, email: str, contact_id: str) -> None:
    """Forget the person whose page is open, and look for them afterwards."""
    follow(zoe.page, "Oublier cette personne")
    is_sound(zoe)
    write(zoe.page, "oui", "#typed")
    press(zoe.page, "Oublier cette personne pour de bon")
    zoe.page.get_by_text("personne n’a été oublié").wait_for()
    is_sound(zoe)
    follow(zoe.page, "Continuer")
    write(zoe.page, contact_id[-8:], "#typed")
    press(zoe.page, "Oublier cette personne pour de bon")
    zoe.page.get_by_text("a disparu, et Redis le montre").wait_for()
    zoe.page.reload()  # the browser sends the form again
    zoe.page.get_by_text("a disparu, et Redis le montre").wait_for()
    assert audited(system, "erase", contact_id) == [""]
    is_sound(zoe)
    follow(zoe.page, "Continuer")
    write(zoe.page, email, "#who")
    press(zoe.page, "Chercher")
    zoe.page.get_by_role("alert").wait_for()
    assert left_in_english(zoe.page) == []
    assert zoe.open(f"/people/{contact_id}") == 410
    assert left_in_english(zoe.page) == []


def test_a_person_is_stopped_exported_and_forgotten_in_french_by_the_keyboard_alone_on_a_phone(
    reader: Readers, acting: ConsoleSite
) -> None:
    email, contact_id = somebody(acting.system)
    zoe = reader("zoe", PHONE, url=acting.url)
    zoe.expected |= {409, 410, 422}

    def stop_until(day: str, told: str) -> None:
        choose(zoe.page, "#because", "U")
        zoe.page.locator("#until").focus()
        zoe.page.keyboard.type(day)
        press(zoe.page, "Arrêter tout contact")
        zoe.page.get_by_text(told).wait_for()
        assert left_in_english(zoe.page) == []

    zoe.open("/people")
    write(zoe.page, email, "#who")
    choose(zoe.page, "#reason", "U")
    press(zoe.page, "Chercher")
    zoe.page.get_by_text("Arrêter tout contact avec cette personne").wait_for()
    is_sound(zoe)
    stop_until("01012012", "Donnez un jour après aujourd’hui, ou aucun.")
    follow(zoe.page, "Continuer")
    stop_until("01012090", "Tout contact avec cette personne est arrêté, et Redis le montre.")
    assert "jusqu’au 1 janv. 2090" in zoe.page.inner_text("#body-acts")
    assert is_stopped(acting.system, contact_id)
    stop_until("01012089", "Un arrêt plus long est déjà en vigueur")
    assert len(audited(acting.system, "suppress", contact_id)) == 1
    follow(zoe.page, "Continuer")
    press(zoe.page, "Lever l’arrêt")
    zoe.page.get_by_text("Aucun arrêt donné ici ne vaut pour cette personne").wait_for()
    assert not is_stopped(acting.system, contact_id)
    assert left_in_english(zoe.page) == []
    zoe.page.evaluate(RECORD_WHAT_IS_TOLD)
    with zoe.page.expect_download() as downloading:
        press(zoe.page, "Télécharger tout ce qui est détenu")
    held = orjson.loads(Path(downloading.value.path()).read_bytes())
    assert (held["contact_id"], len(held["interactions"])) == (contact_id, 3)
    assert audited(acting.system, "export", contact_id) == [""]
    zoe.page.get_by_text("C’est collecté").wait_for()
    assert zoe.page.evaluate("window.told")[0].startswith("En cours de collecte…")
    forget(zoe, acting.system, email, contact_id)


def test_a_request_is_opened_answered_and_closed_in_french_by_the_keyboard_on_a_phone(
    reader: Readers, acting: ConsoleSite
) -> None:
    """An objection stops all contact at once; who asks what is held is given a page in French.

    They go by an address and an id, so somebody has to say that it is they who asked.
    """
    email, hashed = somebody(acting.system)
    contact_id = named_too(acting.system, email, hashed)
    zoe = reader("zoe", PHONE, url=acting.url)
    zoe.find(email, "rights")

    def open_one(kind: str) -> None:
        choose(zoe.page, "#kind", kind)
        press(zoe.page, "La consigner")
        zoe.page.wait_for_url(re.compile("/rights/[0-9a-f]{20}$"))
        assert left_in_english(zoe.page) == []

    follow(zoe.page, "Elle exerce un droit sur ses données")
    is_sound(zoe)
    open_one("opposition")
    assert is_stopped(acting.system, contact_id)
    assert "tout contact est arrêté" in zoe.page.inner_text("#body-request")
    zoe.open(f"/rights?contact={contact_id}")
    open_one("accès")
    is_sound(zoe)
    assert f"email:{hashed[6:14]}… · est-ce bien cette personne" in zoe.page.inner_text("#body-request")
    zoe.page.locator("#theirs").focus()
    zoe.page.keyboard.press("Space")
    with zoe.page.expect_download() as downloading:
        press(zoe.page, "Télécharger ce qui est gardé, à lire par la personne")
    with ZipFile(downloading.value.path()) as files:
        assert "Ce que nous gardons de vous" in files.read("index.html").decode()
        assert orjson.loads(files.read("data.json"))["contact_id"] == contact_id
    zoe.page.get_by_text("C’est collecté").wait_for()
    write(zoe.page, "courriers/17", "#reference")
    choose(zoe.page, "#outcome", "fait comme")
    press(zoe.page, "La clore")
    zoe.page.get_by_text("fait comme demandé · courriers/17").wait_for()
    assert left_in_english(zoe.page) == []
    zoe.open("/rights")
    assert "fait comme demandé" in zoe.page.inner_text("#body-requests")
    assert contact_id not in zoe.page.inner_text("#body-requests")
    is_sound(zoe)
    kinds = sorted(detail.split()[0] for detail in audited(acting.system, "open_request", contact_id))
    assert kinds == ["access", "objection"]


def test_who_may_not_or_whose_deployment_does_not_allow_it_has_no_button(
    reader: Readers, site: ConsoleSite, acting: ConsoleSite
) -> None:
    email, _ = somebody(acting.system)
    finn = reader("finn", url=acting.url)
    finn.find(email)
    assert finn.page.locator("#body-acts").get_by_role("button").all_inner_texts() == ["Stop all contact"]
    assert not finn.page.get_by_role("link", name="Forget").count()
    assert beside_their_fields(finn.page) == []
    ada = reader("ada", url=site.url)
    ada.find(email)
    assert "looking alone" in ada.page.inner_text("#body-acts")


def test_two_contacts_are_linked_parted_and_the_last_decision_undone_in_french(
    reader: Readers, acting: ConsoleSite
) -> None:
    (email, one), (_, other) = somebody(acting.system), somebody(acting.system)
    zoe = reader("zoe", url=acting.url)
    zoe.find(email, "mistake")
    zoe.open("/people/duplicates")
    zoe.page.fill("#one", one)
    zoe.page.fill("#other", other)
    press(zoe.page, "Regarder les deux")
    zoe.page.get_by_text("Ce sont deux personnes à présent.").wait_for()
    is_sound(zoe)
    assert beside(zoe.page, "label:has(#sure)", "#sure")
    zoe.page.locator("#sure").focus()
    zoe.page.keyboard.press("Space")
    press(zoe.page, f"C’est une seule personne {one} {other}")
    zoe.page.get_by_role("heading", name="C’est une seule personne").wait_for()
    assert left_in_english(zoe.page) == []
    assert [len(audited(acting.system, "link", each)) for each in (one, other)] == [1, 1]
    zoe.page.get_by_role("link", name="Continuer").click()
    zoe.page.get_by_text("C’est une seule personne à présent.").wait_for()

    def is_told() -> bool:
        zoe.page.reload()
        return one in zoe.page.inner_text("#body-decided")

    until(is_told, "the decision in the desk")
    for width in range(PHONE[0], PHONE[0] + 160, 8):  # wherever the line of two ids breaks, its button keeps a distance
        zoe.page.set_viewport_size({"width": width, "height": PHONE[1]})
        assert crowded(zoe.page) == [], width
    zoe.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    is_sound(zoe)
    first, second = sorted((one, other))
    press(zoe.page, f"Annuler {first} {second}")
    zoe.page.get_by_role("heading", name="Ce sont deux personnes").wait_for()
    assert [len(audited(acting.system, "unlink", each)) for each in (one, other)] == [1, 1]


def _page_tells_of_a_stop(reader: Reader, contact_id: str) -> bool:
    assert reader.open(f"/people/{contact_id}") == 200
    return "until the stop is lifted" in reader.page.inner_text("#body-acts")


def test_while_no_worker_carries_it_out_nobody_is_told_that_a_person_is_stopped(
    reader: Readers, acting: ConsoleSite
) -> None:
    email, contact_id = somebody(acting.system)
    ada = reader("ada", url=acting.url)
    ada.find(email)
    ada.expected.add(503)
    ada.page.select_option("#because", "asked")
    with frozen(*_workers(acting.system)):
        press(ada.page, "Stop all contact")
        ada.page.get_by_role("heading", name="Sent, and not in force yet").wait_for()
        assert "Do not rely on it" in ada.page.inner_text("main")
        assert not is_stopped(acting.system, contact_id)
    until(partial(is_stopped, acting.system, contact_id), "the stop, once the worker goes on")
    until(partial(_page_tells_of_a_stop, ada, contact_id), "the stop on the page, once Redis is whole again")


def test_while_kafka_and_redis_hang_nothing_is_done(reader: Readers, acting: ConsoleSite) -> None:
    email, contact_id = somebody(acting.system)
    ada = reader("ada", url=acting.url)
    ada.find(email)
    ada.expected.add(503)
    ada.page.select_option("#because", "asked")
    with frozen(*acting.system.stack.pids):
        press(ada.page, "Stop all contact")
        ada.page.get_by_role("heading", name="Not available now").wait_for()
    until(lambda: ada.open(f"/people/{contact_id}") == 200, "the page, once both go on")
    assert not is_stopped(acting.system, contact_id)
    assert audited(acting.system, "suppress", contact_id) == []


def _workers(system: System) -> list[int]:
    group = system.workers.process.pid
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and _group(each) == group]


def _group(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[2])
    except (OSError, ValueError):
        return 0
