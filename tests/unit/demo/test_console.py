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
