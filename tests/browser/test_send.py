"""A list is uploaded, judged, reserved and downloaded, on a real deployment; nothing of it is left on the disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from events.console_acts import CONSOLE_ACTS
from tests.browser.conftest import Readers
from tests.browser.console_site import ConsoleSite, running_console
from tests.browser.reader import PHONE
from tests.browser.test_people_acts import no_wider_than_the_screen, press, somebody

SLOW = 180_000
"""A command starts, in ms: on a machine that has much else to do it takes its time."""
EVIL = '=HYPERLINK("http://example.org")'


@pytest.fixture(scope="module")
def sending(site: ConsoleSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    folder = tmp_path_factory.mktemp("sending")
    with running_console(site.system, folder, HARMONIA_CONSOLE_MAY=" ".join(CONSOLE_ACTS)) as console:
        yield console


def files_of(site: ConsoleSite) -> list[str]:
    """What the console has open below the folder of temporary files."""
    links = [each.readlink() for each in Path(f"/proc/{site.process.pid}/fd").iterdir() if each.is_symlink()]
    return [str(each) for each in links if str(each).startswith("/tmp/")]


def test_a_list_is_judged_reserved_and_downloaded_by_the_keyboard_on_a_phone_and_forgotten(
    reader: Readers, sending: ConsoleSite, tmp_path: Path
) -> None:
    people = [somebody(sending.system) for _ in range(3)]
    rows = [f'{email},"{EVIL.replace(chr(34), chr(34) * 2)}"' for email, _ in people]
    (tmp_path / "list.csv").write_text("\n".join(["email,note", *rows, "nobody@example.org,x", ""]))
    ada = reader("ada", PHONE, url=sending.url)
    ada.open("/send")
    assert ada.violations() == []
    assert no_wider_than_the_screen(ada.page)
    ada.page.set_input_files("#list", tmp_path / "list.csv")
    ada.page.select_option("#purpose", "informational")
    ada.page.fill("#team", "digital")
    press(ada.page, "Who may be reached?")
    ada.page.get_by_text("of 4 may be reached now").wait_for(timeout=SLOW)
    assert "nothing is known of this person" in ada.page.inner_text("main").lower()
    assert ada.violations() == []
    assert no_wider_than_the_screen(ada.page)
    opened = files_of(sending)
    assert opened
    assert all(each.endswith("(deleted)") for each in opened)
    ada.page.get_by_role("button", name="Forget the list").click()
    ada.page.wait_for_function("!document.querySelector('table')")
    assert files_of(sending) == []


def test_who_may_be_reached_is_reserved_and_their_cells_compute_nothing_in_french(
    reader: Readers, sending: ConsoleSite, tmp_path: Path
) -> None:
    people = [somebody(sending.system) for _ in range(2)]
    quoted = EVIL.replace('"', '""')
    (tmp_path / "list.csv").write_text("\n".join(["email,note", *(f'{email},"{quoted}"' for email, _ in people), ""]))
    ada = reader("ada", url=sending.url)
    ada.page.get_by_text("ada", exact=True).click()
    ada.page.get_by_role("button", name="Français").click()
    ada.open("/send")
    ada.page.set_input_files("#list", tmp_path / "list.csv")
    ada.page.select_option("#channel", "letter")
    ada.page.fill("#team", "digital")
    press(ada.page, "Qui peut être joint\u202f?")
    ada.page.get_by_text("2 sur 2 peuvent être jointes maintenant").wait_for(timeout=SLOW)
    press(ada.page, "Réserver celles qui peuvent être jointes, pour deux heures")
    ada.page.get_by_text("sont réservées à digital pour deux heures").wait_for(timeout=SLOW)
    for _, contact_id in people:
        assert sending.system.deployment.redis.get(f"reservation:{contact_id}:letter") is not None
    with ada.page.expect_download() as downloading:
        ada.page.get_by_role("link", name="Télécharger qui peut être joint maintenant").click()
    lines = Path(downloading.value.path()).read_text().splitlines()
    assert lines[0].startswith("email,note,harmonia_expires_at")
    assert [line.split(",")[1] for line in lines[1:]] == [f'"\'{quoted}"'] * 2
