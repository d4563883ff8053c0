"""A list is uploaded, judged, reserved, downloaded and forgotten, on a real deployment."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from events.console_acts import CONSOLE_ACTS
from sinks.keys import identity_key
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite, running_console
from tests.browser.french import left_in_english
from tests.browser.keyboard import choose, follow, press, speak_french, write
from tests.browser.layout import crowded, is_sound, lines_of
from tests.browser.reader import PHONE
from tests.integration.said import event, fresh, structured
from tests.integration.system import System
from tests.integration.waiting import until

EVIL = '=HYPERLINK("http://example.org")'


@pytest.fixture(scope="module")
def sending(site: ConsoleSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    folder = tmp_path_factory.mktemp("sending")
    with running_console(site.system, folder, HARMONIA_CONSOLE_MAY=" ".join(CONSOLE_ACTS)) as console:
        yield console


def files_of(site: ConsoleSite) -> set[str]:
    """The files that the console has open, by their names."""
    links = [each.readlink() for each in Path(f"/proc/{site.process.pid}/fd").iterdir() if each.is_symlink()]
    return {str(each) for each in links if str(each).startswith("/") and not str(each).startswith(("/dev/", "/proc/"))}


def just_mailed(system: System) -> str:
    """Tell the deployment of somebody who has just had an e-mail; their address."""
    email = f"{fresh()}@example.org"
    said = event("email.sent", {"email": email, "region": "US-OH"}, message_id=fresh(), campaign_id="gotv-3")
    now = {**said, "time": datetime.now(UTC).isoformat()}
    system.deployment.producer.send("email-events", structured(now)[0]).get(30)
    [hashed] = system.deployment.hasher.lookups("email", email)
    until(lambda: system.deployment.redis.get(identity_key(hashed)), "the contact in Redis")
    return email


def test_a_list_is_judged_reserved_and_downloaded_in_french_by_the_keyboard_on_a_phone_and_forgotten(
    reader: Readers, sending: ConsoleSite, tmp_path: Path
) -> None:
    people = [f"{fresh()}@example.org" for _ in range(2)]
    later = just_mailed(sending.system)
    quoted = EVIL.replace('"', '""')
    rows = ["email,note", *(f'{email},"{quoted}"' for email in people), f"{later},x", "nobody,x", ""]
    (tmp_path / "list.csv").write_text("\n".join(rows))
    ada = reader("ada", PHONE, url=sending.url)
    speak_french(ada.page)
    ada.open("/send")
    edges = [ada.page.locator(each).bounding_box() for each in ("#team", "fieldset")]
    assert len({(each["x"], each["width"]) for each in edges if each}) == 1
    before = files_of(sending)
    ada.page.set_input_files("#list", tmp_path / "list.csv")
    assert left_in_english(ada.page) == []
    choose(ada.page, "#channel", "L")
    write(ada.page, "digital", "#team")
    press(ada.page, "Qui peut être joint\u202f?")
    ada.page.get_by_text("2 sur 4 peuvent être jointes maintenant, 1 plus tard, 1 pas.").wait_for()
    assert left_in_english(ada.page) == []
    assert crowded(ada.page) == []
    assert {*lines_of(ada.page, ".reasons td:first-child")} == {1}
    opened = files_of(sending) - before
    assert opened
    assert all(each.endswith("(deleted)") for each in opened)
    follow(ada.page, "Réserver celles qui peuvent être jointes, pour deux heures")
    ada.page.get_by_role("heading", name="Réserver ces personnes\u202f?").wait_for()
    is_sound(ada)
    press(ada.page, "Les réserver")
    ada.page.get_by_text("sont réservées à digital jusqu’à").wait_for()
    deployment = sending.system.deployment
    for email in people:
        [hashed] = deployment.hasher.lookups("email", email)
        assert deployment.redis.get(f"reservation:{hashed}:letter") is not None
    is_sound(ada)
    with ada.page.expect_download() as downloading:
        ada.page.get_by_role("link", name="Télécharger qui peut être joint maintenant").focus()
        ada.page.keyboard.press("Enter")
    lines = Path(downloading.value.path()).read_text().splitlines()
    assert lines[0].startswith("email,note,harmonia_expires_at")
    assert [line.split(",")[1] for line in lines[1:]] == [f'"\'{quoted}"'] * 2
    press(ada.page, "Les libérer toutes")
    ada.page.get_by_text("2 personnes ont été libérées").wait_for()
    assert left_in_english(ada.page) == []
    for email in people:
        [hashed] = deployment.hasher.lookups("email", email)
        assert deployment.redis.get(f"reservation:{hashed}:letter") is None
    press(ada.page, "Oublier la liste")
    expect(ada.page.locator("table")).to_have_count(0)
    assert files_of(sending) - before == set()
