"""The last page: right numbers, nothing cut off at 80 columns, and a red end when the check failed."""

import json
import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from streams.demo.check import Difference
from streams.demo.console import Phase, render
from streams.demo.oracle import recount
from streams.demo.report import (
    DemoReport,
    ExperimentLine,
    Figures,
    Latency,
    flows,
    most_reached,
    net_donations,
    top_donors,
)
from streams.demo.truth import ContactFields, Fields, Publication, Sent

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


def test_the_speed_is_of_the_records_that_it_was_measured_on(story: DemoReport) -> None:
    """The evening is among the records that came in, and is published at its own pace."""
    assert "52,000 of the records in 8.4 s, 6,190 records a second" in printed(story, 80)


@pytest.mark.parametrize("width", [80, 120])
def test_contact_ids_on_the_last_page_are_not_cut_off(story: DemoReport, width: int) -> None:
    assert printed(story, width).count(LONG_ID) == len(story.figures.top_donors) + len(story.reached) == 5


def test_each_experiment_is_shown_with_its_finding(story: DemoReport) -> None:
    assert "opened against A: B +21.70 pp" in printed(story, 80)


def test_names_of_experiments_are_whole_on_a_narrow_terminal_however_much_is_said_of_them(story: DemoReport) -> None:
    says = "opened against A: B +17.66 pp (15.02 to 20.30), a discovery; p of the split 0.921, as planned"
    tried = [ExperimentLine(f"subject-ask-{number}", 1_234, says) for number in (11, 12)]
    page = printed(replace(story, tried=tried), 80)
    assert all(line.experiment in page for line in tried)
    assert max(map(len, page.splitlines())) <= 80


def test_a_failed_self_check_shows_the_first_differences(story: DemoReport) -> None:
    differences = [Difference("redis", f"{LONG_ID}{place}", "tags", [], ["x"]) for place in range(30)]
    page = printed(replace(story, differences=differences), 120)
    assert "30 differences" in page
    assert f"{LONG_ID}0" in page
    assert "and 18 more" in page
    assert "agree" not in page


def test_a_run_without_any_record_has_a_last_page_too() -> None:
    nothing = Figures(0, 0, 0, {}, 0, {}, 0, 0.0, 0.0, Latency(0.0, 0.0))
    assert "nothing" in printed(DemoReport(nothing, [], [], [], 0), 80)


def test_flows_are_counted_by_topic_and_team() -> None:
    one = gift("ann", 1)
    told = [
        Publication("a", None, b"", [], one, "first", True, None),
        Publication("a", None, b"", [], one, "repeat", False, None),
        Publication("b", None, b"", [], replace(one, source="field/van"), "bad", False, "no_time"),
    ]
    counted = [(flow.topic, flow.team, flow.published, flow.repeats, flow.late, flow.refused) for flow in flows(told)]
    assert counted == [("a", "digital", 2, 1, 1, 0), ("b", "field", 1, 0, 0, 1)]


def test_top_donors_come_by_net_amount() -> None:
    found = top_donors(PROFILES.values())
    assert [(one.contact_id, one.gifts, one.net) for one in found] == [
        ("bob", 1, {"USD": 90_000}),
        ("ann", 2, {"USD": 1_200}),
    ]


def test_most_reached_come_by_messages_and_conversations() -> None:
    found = most_reached(PROFILES.values(), 2)
    assert [(one.contact_id, one.emails, one.texts, one.conversations) for one in found] == [
        ("cat", 0, 1, 1),
        ("ann", 1, 0, 0),
    ]


def test_net_donations_are_summed_over_contacts() -> None:
    assert net_donations(PROFILES.values()) == {"USD": 91_200}


def test_the_line_beside_the_spinner_names_the_phase_how_far_it_is_and_how_long_it_has_taken() -> None:
    shown = Phase("Starting Kafka")
    assert re.fullmatch(r"Starting Kafka · \d+ s", shown.__rich__().plain)
    shown.keep("Checking")
    shown.move("profiles in Redis")
    shown.keep("Checking")
    assert re.fullmatch(r"Checking · profiles in Redis · \d+ s", shown.__rich__().plain)
    shown.become("Adding up")
    assert re.fullmatch(r"Adding up · \d+ s", shown.__rich__().plain)
