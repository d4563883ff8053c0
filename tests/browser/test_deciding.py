"""A policy, the plan of an experiment and looks at people, on a real deployment, by the keyboard alone; in French."""

import re
from pathlib import Path

import orjson
from playwright.sync_api import expect

from events.topics import AUDIT_LOG
from streams.domain.pressure import default_policy_text
from streams.platform.published_policies import published
from streams.platform.topic_reading import records_of
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite
from tests.browser.keyboard import follow, press, speak_french, write
from tests.browser.layout import is_sound, lines_of
from tests.browser.reader import PHONE, Reader
from tests.integration.said import fresh
from tests.integration.waiting import until

FIRST = default_policy_text()
WRONG = FIRST.replace('{ window = "1d", at_most = 3 }', '{ window = "1d", at_most = 0 }')
SECOND = FIRST.replace('{ window = "1d", at_most = 3 }', '{ window = "1d", at_most = 2 }')
PLAN = """[[experiment]]
id = "{id}"
hypothesis = "A shorter ask raises more"
variants = {{ control = 1, short = 1 }}
metrics = ["{metric}"]
window = "7d"
"""
PUBLISH = "Publier\u00a0: elle vaut pour tous dès la prochaine décision"


def acted(site: ConsoleSite, *acts: str) -> list[tuple[str, str]]:
    """What `audit-log` has of some acts, in the order of their times: which, and in detail."""
    records = [orjson.loads(record.value or b"{}") for record in records_of(site.system.deployment.consumer, AUDIT_LOG)]
    records.sort(key=lambda record: str(record.get("at")))  # its partitions have no order among them
    return [(record["what"], record.get("detail", "")) for record in records if record.get("what") in acts]


def publish(one: Reader, file: Path) -> None:
    press(one.page, PUBLISH)
    expect(one.page.locator("#body-history")).to_contain_text("en vigueur")
    assert file.read_text() == SECOND


def test_a_policy_is_mended_tried_published_and_taken_back_in_french_by_the_keyboard_alone_on_a_phone(
    reader: Readers, acting: ConsoleSite
) -> None:
    file = Path(acting.folder / "policy.toml")
    ada = reader("ada", PHONE, url=acting.url)
    ada.expected |= {409, 422}
    speak_french(ada.page)
    ada.open("/policy")
    is_sound(ada)
    follow(ada.page, "En rédiger une autre")
    is_sound(ada)
    write(ada.page, WRONG)
    press(ada.page, "Vérifier, sans rien publier")
    expect(ada.page.get_by_role("alert")).to_contain_text("1 erreur, donc rien n’en est utilisable")
    expect(ada.page.get_by_role("alert")).to_contain_text("caps.any[0].at_most")
    assert ada.page.locator("#text").get_attribute("aria-invalid") == "true"
    is_sound(ada)
    write(ada.page, SECOND)
    press(ada.page, "Vérifier, sans rien publier")
    expect(ada.page.locator("ins").first).to_contain_text("at_most = 2")
    is_sound(ada)
    press(ada.page, "L’essayer sur le passé")
    expect(ada.page.locator("#body-backtest")).to_contain_text("3 messages, appels et visites du passé")
    is_sound(ada)
    press(ada.page, "Retour au brouillon")
    expect(ada.page.locator("ins").first).to_contain_text("at_most = 2")
    assert file.read_text() == FIRST
    file.write_text(FIRST + "# somebody else\n")
    press(ada.page, PUBLISH)
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Quelqu’un d’autre a publié entre-temps")
    is_sound(ada)
    file.write_text(FIRST)
    ada.page.go_back()
    publish(ada, file)
    is_sound(ada)
    assert {*lines_of(ada.page, "#body-history td.id")} == {1}, "a version is broken over two lines"
    assert [each.by for each in published(file)] == ["ada", ""]
    ada.page.reload()
    file.write_text(FIRST)  # somebody takes it back, by other means
    ada.page.go_back()
    expect(ada.page.locator("ins").first).to_contain_text("at_most = 2")
    publish(ada, file)  # the button of a page that Back leads to is another act
    ada.page.go_back()
    ada.page.reload()  # the browser sends the form again
    expect(ada.page.get_by_role("alert")).to_contain_text("Quelqu’un d’autre a publié depuis que vous avez commencé")
    assert not ada.page.get_by_role("button", name=PUBLISH).count()

    ada.open("/policy")
    follow(ada.page, "Comparer avec ce qui est en vigueur")
    is_sound(ada)
    press(ada.page, "La publier de nouveau")
    expect(ada.page.locator("#body-history")).to_contain_text("à la main")
    assert file.read_text() == FIRST
    assert [what for what, _ in acted(acting, "publish", "roll_back")] == ["publish", "publish", "roll_back"]


def test_a_plan_is_mended_weighed_defined_and_ended_in_french_by_the_keyboard_alone_on_a_phone(
    reader: Readers, acting: ConsoleSite
) -> None:
    id_ = f"ask-{fresh()}"
    ada = reader("ada", PHONE, url=acting.url)
    ada.expected |= {422}
    speak_french(ada.page)
    ada.open("/plans")
    expect(ada.page.locator("#body-defined")).not_to_contain_text("Lecture")
    is_sound(ada)
    write(ada.page, PLAN.format(id=id_, metric="gave"))
    press(ada.page, "Vérifier, sans rien définir")
    expect(ada.page.get_by_role("alert")).to_contain_text("metrics")
    is_sound(ada)
    write(ada.page, PLAN.format(id=id_, metric="donated"))
    write(ada.page, "10", "#usual")
    write(ada.page, "2,5", "#difference")
    write(ada.page, "500", "#a_day")
    press(ada.page, "Vérifier, sans rien définir")
    weighed = ada.page.get_by_role("region", name="Personnes et jours")
    expect(weighed.get_by_role("rowheader")).to_have_text("short")
    assert re.search(r"\d\u202f\d{3}", weighed.inner_text())
    is_sound(ada)

    press(ada.page, f"La définir {id_}")
    run = ada.page.locator("#body-run")
    expect(run).to_contain_text("Elle est définie.")
    is_sound(ada)
    ada.page.reload()
    expect(run).to_contain_text("Elle est définie.")
    ada.page.go_back()
    ada.page.reload()
    assert acted(acting, "define_experiment") == [("define_experiment", f"experiment {id_}")]

    ada.open("/plans")
    ending = ada.page.get_by_role("button", name=f"La terminer maintenant {id_}", exact=True)
    ending.wait_for()
    is_sound(ada)
    press(ada.page, f"La terminer maintenant {id_}")
    expect(run).to_contain_text("Elle est changée")
    assert acted(acting, "end_experiment") == [("end_experiment", f"experiment {id_}")]


def test_who_looked_at_whom_is_found_from_either_side_in_french_by_the_keyboard_alone(
    reader: Readers, acting: ConsoleSite
) -> None:
    ohio, gone = acting.people["ohio"], acting.people["forgotten"]
    finn = reader("finn", url=acting.url)
    finn.find(ohio.email)
    zoe = reader("zoe", url=acting.url)

    def is_told() -> bool:
        assert zoe.open("/privacy") == 200
        return bool(zoe.page.locator("#body-viewers").get_by_role("link", name="finn").count())

    until(is_told, "the look in the desk")
    is_sound(zoe)
    expect(zoe.page.locator("#body-erasures")).to_contain_text("oubliée")
    assert gone.contact_id not in zoe.page.content()
    follow(zoe.page, "finn")
    is_sound(zoe)
    zoe.page.select_option("#reason", "rights")
    press(zoe.page, "Consulter")
    expect(zoe.page.locator("#body-looks")).to_contain_text(ohio.contact_id)
    is_sound(zoe)
    zoe.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert max(lines_of(zoe.page, "#body-looks td:has(a)")) <= 2
    is_sound(zoe)
    zoe.page.reload()
    follow(zoe.page, ohio.contact_id)
    follow(zoe.page, "Qui a consulté cette fiche")
    expect(zoe.page.locator("#body-looks")).to_contain_text("finn")
    is_sound(zoe)
