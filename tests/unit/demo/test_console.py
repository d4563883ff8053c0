"""What the demo's console shows."""

import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from events.contact import Contact
from events.identifiers import Hasher
from streams.demo import segments
from streams.demo.background import lines_of, start_session, stop_session
from streams.demo.cast import CAST, FIRST, new_link, people_file, use_link
from streams.demo.check import Difference, compare_experiments, compare_segments
from streams.demo.console import Phase, render
from streams.demo.console_processes import DemoConsole
from streams.demo.console_server import USED, DemoClock
from streams.demo.experiments import plans_of
from streams.demo.mailing import SUBJECTS
from streams.demo.oracle import recount
from streams.demo.recount_experiments import Arm
from streams.demo.report import (
    DemoReport,
    ExperimentLine,
    Figures,
    Latency,
    flows,
    most_reached,
    top_donors,
)
from streams.demo.script import Script, write_script
from streams.demo.source_system import DAY, parse_time_ms, utc_midnight
from streams.demo.truth import ContactFields, Fields, Publication, Sent
from streams.demo.volunteering import CALLS
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


TODAY = utc_midnight(2026, 11, 28)
KEPT_DAYS = 400
"""Docs: opens and clicks of longer ago are in no result of somebody who is first counted now."""
SUMS = {"y": 0, "yy": 0, "x": 0, "xx": 0, "xy": 0, "yd": 0, "raw": 7}
ARM = cast(Arm, {"n": 3, "contaminated": 0, "metrics": {"opened": SUMS}})


@pytest.fixture(scope="module")
def script() -> Script:
    return write_script(1, 0.25, TODAY)


def identify(contact: ContactFields) -> str:
    return Hasher([b"key"]).fragment(Contact.model_validate(contact)) or ""


def test_the_experiments_are_subjects_of_mailings_and_thank_you_calls(script: Script) -> None:
    subjects, calls = plans_of(script.accepted())
    assert (subjects.id[: len(SUBJECTS)], subjects.metrics[0]) == (SUBJECTS, "opened")
    assert (calls.id, calls.metrics[0]) == (CALLS, "contacted")


def test_experiments_are_of_the_last_weeks_and_over_by_today(script: Script) -> None:
    times = [parse_time_ms(one.time) for one in script.accepted()]
    tried = [parse_time_ms(one.time) for one in script.accepted() if "experiment" in one.fields]
    assert min(tried) > TODAY - 60 * DAY
    assert max(tried) < max(times) < TODAY - 7 * DAY
    assert TODAY - min(tried) < (KEPT_DAYS - 28) * DAY


def test_in_each_experiment_the_second_variant_is_plainly_better(script: Script) -> None:
    found = script.experiments(identify)
    plans = plans_of(script.accepted())
    assert {*found} == {plan.id for plan in plans}
    for plan in plans:
        first, second = (found[plan.id][variant] for variant in "AB")
        rates = [arm["metrics"][plan.metrics[0]]["raw"] / arm["n"] for arm in (first, second)]
        assert rates[1] > 1.5 * rates[0] > 0


def test_a_result_that_differs_from_the_oracle_is_named_by_variant_and_metric() -> None:
    shown = {"assigned": 3, "metrics": {"opened": {"sum": 7, "mean": 2.3}}}
    nobody = {"assigned": 0, "metrics": {"opened": {"sum": 0, "mean": None}}}
    assert compare_experiments({"e": {"A": ARM}}, {"e": {"variants": {"A": shown, "B": nobody}}}) == []
    wrong = {"assigned": 3, "metrics": {"opened": {"sum": 0, "mean": 0.0}}}
    assert compare_experiments({"e": {"A": ARM}}, {"e": {"variants": {"A": wrong}}}) == [
        Difference("experiment-results", None, "e.A.opened", 7, 0)
    ]
    assert [one.field for one in compare_experiments({"e": {"A": ARM}}, {})] == ["e"]


HASHER = Hasher([b"key"])
AT = segments.moment_of_check()


def identified(contact: ContactFields) -> str:
    return HASHER.fragment(Contact.model_validate(contact)) or ""


def test_no_segment_of_the_demo_is_empty() -> None:
    asked = segments.tables(AT)
    meant = segments.memberships(write_script(2012, 0.05).accepted(), identified, asked, AT)
    assert {name for names in meant.values() for name in names} == {table["id"] for table in asked}
    assert len(asked) == 10


def test_who_is_elsewhere_is_named_with_what_is_expected() -> None:
    [wrong] = compare_segments({"a": {"donors"}, "b": {"met"}}, {"a": {"donors", "west"}, "b": {"met"}})
    assert str(wrong) == "contact-segments, a: segments is ['donors', 'west'], expected ['donors']"


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
