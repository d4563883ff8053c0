"""The demo's last page, and looking at it in the console, by people who are let in by links."""

import csv
import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from streams.demo.background import lines_of, start_session, stop_session
from streams.demo.cast import CAST, FIRST, new_link, people_file, use_link
from streams.demo.check import Difference
from streams.demo.console import Phase, render
from streams.demo.console_processes import DemoConsole
from streams.demo.console_server import USED, DemoClock
from streams.demo.list_to_try import MOST, list_to_try
from streams.demo.oracle import recount
from streams.demo.report import DemoReport, ExperimentLine, Figures, Latency, flows, most_reached, top_donors
from streams.demo.script import write_script
from streams.demo.truth import ContactFields, Fields, Publication, Sent
from streams.local.errors import LocalStackError
from streams.services.console.people import read_people
from streams.services.console.roles import ROLES
from streams.services.console.words import Words
from tests.unit.services.console.hand_filled import NOW, hand_filled

LONG_ID = "external:0123456789abcdef0123456789abcdef"
FIGURES = Figures(
    published=70_288,
    accepted=69_945,
    duplicates=1_370,
    dead_letters={"memo_entry": 224, "not_json": 69},
    contacts=9_822,
    net_donations={"USD": 1_144_493_617},
    timed=52_000,
    seconds=8.4,
    events_per_second=6_190.5,
    latency_ms=Latency(212.3, 611.9),
)


def sent(type_: str, donor: str, fields: Fields) -> Sent:
    contact: ContactFields = {"external": {"fec": donor}, "region": "US-CA"}
    return Sent(
        "email-events", type_, "digital/mailer", f"{donor}{type_}{fields}", "2012-02-22T00:00:00Z", contact, fields
    )


def gift(donor: str, amount: int) -> Sent:
    return sent("donation.made", donor, {"donation_id": f"p:{donor}{amount}", "amount": amount, "currency": "USD"})


PROFILES = recount(
    [
        *(gift("ann", amount) for amount in (500, 700)),
        gift("bob", 90_000),
        sent("email.delivered", "ann", {"message_id": "m"}),
        sent("text.delivered", "cat", {"message_id": "m"}),
        sent("canvass.reported", "cat", {"method": "door", "outcome": "contacted"}),
    ],
    lambda contact: contact["external"]["fec"],
)


@pytest.fixture
def story() -> DemoReport:
    publication = Publication("email-events", None, b"", [], gift("ann", 1), "first", False, None)
    donors = [replace(donor, contact_id=LONG_ID) for donor in top_donors(PROFILES.values())]
    reached = [replace(one, contact_id=LONG_ID) for one in most_reached(PROFILES.values())]
    figures = replace(FIGURES, top_donors=donors)
    tried = [ExperimentLine("subject-news-12", 765, "opened against A: B +21.70 pp, not yet known, a discovery")]
    return DemoReport(figures, flows([publication]), reached, tried, 9_822)


def printed(story: DemoReport, width: int) -> str:
    console = Console(width=width, file=StringIO(), color_system=None, force_terminal=True)
    console.print(render(story))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_json_has_exactly_the_promised_keys() -> None:
    assert json.loads(replace(FIGURES, top_donors=top_donors(PROFILES.values(), 1)).to_json()) == {
        "published": 70_288,
        "accepted": 69_945,
        "duplicates": 1_370,
        "dead_letters": {"memo_entry": 224, "not_json": 69},
        "contacts": 9_822,
        "net_donations": {"USD": 1_144_493_617},
        "timed": 52_000,
        "seconds": 8.4,
        "events_per_second": 6_190.5,
        "latency_ms": {"p50": 212.3, "p99": 611.9},
        "top_donors": [
            {
                "contact_id": "bob",
                "region": "US-CA",
                "gifts": 1,
                "net": {"USD": 90_000},
                "last_at": "2012-02-22T00:00:00.000Z",
            }
        ],
    }


@pytest.mark.parametrize("width", [80, 120])
def test_the_last_page_fits_80_columns_and_shows_every_part(story: DemoReport, width: int) -> None:
    page = printed(story, width)
    assert max(len(line) for line in page.splitlines()) <= width
    for told in ("70,288", "9,822", "$11,444,936.17", "1,370", "memo_entry", "224", "212 ms", "612 ms", "self-check"):
        assert told in page
    assert "$900.00" in page
    assert "2012" not in page.replace("US-CA", "")


def test_a_failed_self_check_shows_the_first_differences(story: DemoReport) -> None:
    differences = [Difference("redis", f"{LONG_ID}{place}", "tags", [], ["x"]) for place in range(30)]
    page = printed(replace(story, differences=differences), 120)
    assert "30 differences" in page
    assert f"{LONG_ID}0" in page
    assert "and 18 more" in page
    assert "agree" not in page


def test_the_line_beside_the_spinner_names_the_phase_how_far_it_is_and_how_long_it_has_taken() -> None:
    shown = Phase("Starting Kafka")
    assert re.fullmatch(r"Starting Kafka · \d+ s", shown.__rich__().plain)
    shown.keep("Checking")
    shown.move("profiles in Redis")
    shown.keep("Checking")
    assert re.fullmatch(r"Checking · profiles in Redis · \d+ s", shown.__rich__().plain)
    shown.become("Adding up")
    assert re.fullmatch(r"Adding up · \d+ s", shown.__rich__().plain)


# Looking at a demo in the console: processes that are started, watched and stopped by their ids.
TALKS = "import sys, time; print('here', flush=True); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {TALKS}"


def test_a_background_process_is_in_a_session_of_its_own_and_ends_when_it_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("of before\n")
    process, began = start_session([sys.executable, "-c", TALKS], {}, log)
    assert next(lines_of(process, log, began)) == "here"
    assert stop_session(process) == -signal.SIGTERM
    assert stop_session(process) == -signal.SIGTERM, "once more is no trouble"


def test_a_background_process_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.demo.background.STOP_SECONDS", 0.2)
    process, began = start_session([sys.executable, "-c", DEAF], {}, tmp_path / "log")
    assert next(lines_of(process, tmp_path / "log", began)) == "here"
    assert stop_session(process) == -signal.SIGKILL


def test_a_console_whose_process_has_ended_is_noticed_by_name(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as ended:
        ended.wait()
    console = DemoConsole("http://127.0.0.1:1", tmp_path, tmp_path, {"console follow": ended}, tmp_path / "log")
    with pytest.raises(LocalStackError, match=r"console follow ended with exit code 3; see .*log"):
        console.must_run()


def test_the_demos_clock_stands_at_the_latest_event_of_the_desk(tmp_path: Path) -> None:
    clock = DemoClock(tmp_path / "desk.sqlite")
    assert clock() > NOW, "the wall's, while there is no desk"
    hand_filled(tmp_path / "desk.sqlite").close()
    assert clock() == NOW - 120_000


# The people of the demo's console, who are let in by links that work once.
def test_the_console_reads_the_file_of_the_demos_people(tmp_path: Path) -> None:
    file = tmp_path / "people.toml"
    file.write_text(people_file())
    people = read_people(file)
    assert people.names() == sorted(part.name for part in CAST)
    everybody = people.named(FIRST)
    assert everybody is not None
    assert everybody.roles == {*ROLES}
    organiser = people.named("organiser-oh")
    assert organiser is not None
    assert organiser.scope.regions == frozenset({"US-OH"})
    assert {role for part in CAST[1:] for role in part.roles} == {*ROLES}


def test_what_only_the_demos_console_shows_is_there_in_french() -> None:
    french = Words("fr", "UTC")
    for text in (*(part.label for part in CAST), USED, "This link was used"):
        assert french.text(text) != text


def test_no_two_files_of_the_demos_people_have_one_token() -> None:
    assert people_file() != people_file()


def test_a_link_that_was_never_made_lets_nobody_in(tmp_path: Path) -> None:
    new_link(tmp_path)
    for wrong in ("", "..", "../people.toml", "\udcff"):
        assert not use_link(tmp_path, wrong)
    assert len(list(tmp_path.iterdir())) == 1


# The list of the demo's people that `/send` offers is made of what the demo's teams have sent.
def test_the_list_names_people_whom_the_demo_has_written_to_each_once_and_not_too_many() -> None:
    sent = write_script(3, 0.1).accepted()
    head, *rows = csv.reader(list_to_try(sent).splitlines())
    assert head == ["voter_id", "external.fec", "email", "region"]
    written_to = {one.contact.get("email", "").strip() for one in sent if one.type == "email.sent"}
    assert {row[2] for row in rows} <= written_to - {""}
    assert 100 < len(rows) == len({tuple(row[:2]) for row in rows}) <= MOST


def test_a_script_without_mails_makes_a_list_without_rows() -> None:
    assert list_to_try([]) == "voter_id,external.fec,email,region\n"
