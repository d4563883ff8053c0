"""What the desk reads."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.services.console import desk_campaigns
from streams.services.console import desk_notices as notices
from streams.services.console import desk_people as people
from streams.services.console import desk_reading as reading
from streams.services.console.desk import Desk, DeskMissing
from streams.services.console.desk_cells import Everything, Span
from streams.services.console.desk_profiles import read_export
from streams.services.console.desk_reading import Freshness, Slots
from streams.services.console.desk_schema import DAY_MS, HOUR_MS, MINUTE_MS, SCHEMA
from tests.unit.services.console.hand_filled import NOW, Scoped, hand_filled

ALL = Everything()
LAST_HOUR = Span(NOW - HOUR_MS, NOW)
OHIO = Scoped(regions=frozenset({"US-OH"}))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = hand_filled(tmp_path / "desk.sqlite")
    yield desk
    desk.close()


def test_figures_by_type_are_sums_over_the_minutes_of_the_span(desk: Desk) -> None:
    found = {group.values: group.figures for group in reading.figures_by(desk, LAST_HOUR, ALL)}
    assert found["email.sent",].happened == 1300
    assert found["donation.made",].amounts == {"USD": 67_500}
    assert found["canvass.reported",].supporters == 22
    assert found["email.opened",].machine == 150


def test_figures_of_a_span_without_interactions_are_no_groups(desk: Desk) -> None:
    assert reading.figures_by(desk, Span(NOW - DAY_MS, NOW - 2 * HOUR_MS), ALL) == []


def test_the_same_hour_of_last_week_is_still_there(desk: Desk) -> None:
    week = 7 * DAY_MS
    [group] = reading.figures_by(desk, Span(NOW - week - HOUR_MS, NOW - week), ALL, by=("team",))
    assert group.values == ("field",)
    assert group.figures.happened == 70


def test_a_scope_of_regions_leaves_out_all_that_happened_elsewhere(desk: Desk) -> None:
    groups = reading.figures_by(desk, LAST_HOUR, OHIO, by=("region", "type"))
    assert {group.values for group in groups} == {("US-OH", "canvass.reported")}


def test_a_scope_of_committees_binds_money_and_nothing_else(desk: Desk) -> None:
    scope = Scoped(committees=frozenset({"C009"}))
    found = {group.values: group.figures for group in reading.figures_by(desk, LAST_HOUR, scope)}
    assert found["donation.made",].amounts == {"USD": 7_500}
    assert ("donation.refunded",) not in found
    assert found["email.sent",].happened == 1300


def test_an_empty_scope_shows_nothing(desk: Desk) -> None:
    assert reading.figures_by(desk, LAST_HOUR, Scoped(teams=frozenset())) == []


def test_curves_have_a_number_for_each_slot_and_the_largest_is_first(desk: Desk) -> None:
    first, *others = reading.curves(desk, Slots(NOW - HOUR_MS, NOW, 5 * MINUTE_MS), ALL)
    assert first.values == ("digital",)
    assert len(first.starts) == len(first.counted) == 13
    assert sum(first.counted) == 1000 + 990 + 300 + 400 + 40 + 5
    assert [curve.values for curve in others] == [("field",), ("fundraising",)]


def test_a_campaign_tells_its_providers_the_largest_first(desk: Desk) -> None:
    [campaign] = desk_campaigns.campaigns(desk, LAST_HOUR, ALL)
    assert (campaign.campaign, campaign.opened, campaign.clicked, campaign.machine) == ("gotv-3", 250, 40, 150)
    assert [(each.mailbox, each.messages, each.complaints) for each in campaign.providers] == [
        ("gmail", 1000, 3),
        ("yahoo", 300, 0),
    ]
    assert campaign.gross == {"USD": 60_000}
    assert desk_campaigns.campaign(desk, "gotv-3", LAST_HOUR, ALL) == campaign
    assert desk_campaigns.campaign(desk, "gotv-4", LAST_HOUR, ALL) is None


def test_regions_and_turfs_have_attempts_contacts_and_people(desk: Desk) -> None:
    ohio, pennsylvania = reading.regions(desk, LAST_HOUR, ALL)
    assert (ohio.region, ohio.attempts, ohio.contacted, ohio.supporters, ohio.people) == ("US-OH", 105, 40, 18, 2)
    assert (pennsylvania.attempts, pennsylvania.people) == (9, 0)
    assert [each.turf for each in reading.turfs(desk, "US-OH", LAST_HOUR, ALL)] == ["turf-12", "turf-7"]
    assert reading.turfs(desk, "US-PA", LAST_HOUR, OHIO) == []


def test_people_of_a_span_that_is_no_longer_kept_are_not_known(desk: Desk) -> None:
    assert reading.regions(desk, Span(NOW - 8 * DAY_MS, NOW), ALL)[0].people is None


def test_money_is_told_apart_by_committee_and_by_hour(desk: Desk) -> None:
    by_committee = {gifts.values: gifts for gifts in reading.money(desk, LAST_HOUR, ALL, by=("committee",))}
    assert by_committee["C004",].net == {"USD": 55_000}
    assert by_committee["",].failed == 2
    hours = reading.money(desk, LAST_HOUR, ALL, slot_ms=HOUR_MS)
    assert [(gifts.start_ms, gifts.gifts, gifts.refunds) for gifts in hours] == [(NOW // HOUR_MS * HOUR_MS, 15, 1)]


def test_freshness_is_of_the_partition_that_is_furthest_behind(desk: Desk) -> None:
    found = reading.freshness(desk, NOW)
    assert found["interactions"] == Freshness(NOW - 4_000, complete=False, stopped_at_ms=None)
    assert found["contact-state"] == Freshness(NOW - 60_000, complete=True, stopped_at_ms=NOW - 60_000)


def test_a_person_is_found_by_an_identifier_that_was_merged(desk: Desk) -> None:
    found = people.person(desk, "email:00000000000000000000000000000001", ALL)
    assert found is not None
    assert (found.contact_id, found.support, found.closed) == ("van.17", 2, ("text",))


def test_nobody_of_another_region_is_found(desk: Desk) -> None:
    assert people.person(desk, "van.19", OHIO) is None
    assert people.events_of(desk, "van.19", 0, OHIO) == []
    assert [each.contact_id for each in people.people(desk, "all", OHIO)] == ["van.17", "van.18"]
    assert [each.contact_id for each in people.people(desk, "supporters", ALL)] == ["van.17", "van.19"]


def test_whose_scope_is_some_committees_sees_no_gift_of_a_person_to_another(desk: Desk) -> None:
    other = Scoped(committees=frozenset({"C009"}))
    assert [event.id for event in people.events_of(desk, "van.17", 0, other)] == ["open-1", "knock-1"]


def test_events_of_a_person_come_from_all_identifiers_the_latest_first(desk: Desk) -> None:
    events = people.events_of(desk, "van.17", 0, ALL)
    assert [event.id for event in events] == ["gift-1b", "gift-1", "open-1", "knock-1"]
    assert [event.superseded for event in events] == [True, False, False, False]
    assert events[1].amount == 5_000
    assert events[2].machine
    assert events[3].details == {"support": 2}
    assert events[3].amount is None


def test_who_nears_a_limit_is_found_by_committee_and_election(desk: Desk) -> None:
    limits = [people.Limit("C004", "2025-general", "USD", 350_000), people.Limit("C009", "", "USD", 350_000)]
    [near] = people.near_limits(desk, limits, 0.9, ALL)
    assert (near.contact_id, near.net, near.limit) == ("van.17", 320_000, 350_000)
    assert people.near_limits(desk, limits, 0.9, Scoped(committees=frozenset({"C009"}))) == []


def test_committees_have_all_that_they_were_given(desk: Desk) -> None:
    stocks = {(stock.committee, stock.election): stock for stock in people.committees(desk, ALL)}
    assert stocks["C004", ""].net == {"USD": 335_000}
    assert stocks["C004", ""].people == 2
    assert [stock.committee for stock in people.committees(desk, Scoped(regions=frozenset({"US-PA"})))] == ["C009"]


def test_alerts_about_people_elsewhere_are_left_out(desk: Desk) -> None:
    found = notices.alerts(desk, LAST_HOUR, OHIO)
    assert [(alert.alert_id, alert.contact_id) for alert in found] == [("x2", "van.17"), ("x1", None)]
    assert found[0].evidence == [("digital/mailer", "c-1")]


def test_refused_records_are_told_by_cause_with_how_many_are_open(desk: Desk) -> None:
    [cause] = notices.letter_causes(desk, LAST_HOUR)
    assert (cause.reason, cause.letters, cause.open) == ("invalid_data", 2, 1)


def test_views_are_found_by_viewer_and_by_contact(desk: Desk) -> None:
    assert [view.viewer for view in notices.views(desk, LAST_HOUR)] == ["digital", "nadia"]
    assert [view.reason for view in notices.views(desk, LAST_HOUR, viewer="nadia")] == ["donor called"]
    merged = notices.views(desk, LAST_HOUR, contact_id="email:00000000000000000000000000000001")
    assert [view.viewer for view in merged] == ["nadia"]


def test_acts_on_people_and_alerts_about_an_identifier_are_found_among_however_many_others(tmp_path: Path) -> None:
    hand_filled(tmp_path / "busy.sqlite").close()
    busy = Desk.create(tmp_path / "busy.sqlite")
    with busy.transaction():
        for number, (what, at) in enumerate([("link", NOW - 900_000)] + [("read", NOW - 100)] * 300, 10):
            busy.run(
                "INSERT INTO views VALUES (?, ?, 0, ?, 'nadia', ?, 1, NULL, NULL)", (number, f"v{number}", at, what)
            )
        alerts = [("crowded", "identity_crowded", "email:1", NOW - 900_000)]
        alerts += [(f"again-{number}", "identity_crowded", "email:2", NOW - number) for number in range(1, 300)]
        alerts += [(f"other-{number}", "over_cap", "gotv-3", NOW - number) for number in range(1, 300)]
        for alert, rule, subject, at in alerts:
            busy.run("INSERT INTO alerts VALUES (?, ?, ?, NULL, ?, 'x', '[]')", (alert, rule, subject, at))
    busy.close()
    busy = Desk.open(tmp_path / "busy.sqlite")
    [act] = notices.acts_on_people(busy, LAST_HOUR, ("link", "unlink"), 2)
    assert (act.what, act.contact_id, act.at_ms) == ("link", "van.17", NOW - 900_000)
    found = notices.latest_alerts(busy, LAST_HOUR, ("identity_crowded",), 2)
    assert [(alert.alert_id, alert.subject, alert.at_ms) for alert in found] == [
        ("again-1", "email:2", NOW - 1),
        ("crowded", "email:1", NOW - 900_000),
    ]
    busy.close()


def test_a_desk_that_nobody_has_made_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DeskMissing, match="harmonia console follow"):
        Desk.open(tmp_path / "none.sqlite")


def test_a_reader_cannot_write(desk: Desk) -> None:
    with pytest.raises(Exception, match="readonly"):
        desk.set_meta("salt", b"x")


def test_a_desk_is_its_owners_alone(desk: Desk) -> None:
    assert desk.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("schema", [SCHEMA - 1, SCHEMA + 1])
def test_a_desk_of_another_schema_is_replaced(tmp_path: Path, schema: int) -> None:
    path = tmp_path / "desk.sqlite"
    hand_filled(path).close()
    writer = Desk.create(path)
    assert writer.meta("latest_event") is not None
    writer.run(f"PRAGMA user_version = {schema}")
    writer.close()
    with pytest.raises(DeskMissing, match="another version"):
        Desk.open(path)
    assert Desk.create(path).meta("latest_event") is None


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    path.write_bytes(b"not a database" * 1000)
    assert Desk.create(path).meta("latest_event") is None


def test_what_is_no_dimension_is_refused_before_it_is_asked(desk: Desk) -> None:
    with pytest.raises(ValueError, match="no dimension of the desk: 1 FROM people; --"):
        reading.figures_by(desk, LAST_HOUR, ALL, by=("1 FROM people; --",))  # type: ignore[arg-type]


JOB = """
from streams.services.console.jobs import Jobs
async def run(script):
    await Jobs(lambda: 0, ("/bin/sh", "-c")).begin("olga", "letters", (script,)).task
"""
LIST = """
import tempfile
from streams.services.console.sendings import Question, Sendings
async def run(script):
    sendings = Sendings(("/bin/sh", "-c", script))
    await sendings.begin("ada", tempfile.TemporaryFile("w+b"), Question("letter", "informational", "digital"))
    await sendings.of("ada").task
"""
ANSWER = """
from streams.history.insights.own_process import answer_of_child
async def run(script):
    await answer_of_child(("/bin/sh", "-c", script), "/", 600)
"""
LOOK = """
import asyncio, sys
from functools import partial
from streams.services.console.observer import StatusObserver
LOOKS = "import time; runs = open(fifo, 'w'); print(file=runs, flush=True); time.sleep(600)"
async def run(_):
    StatusObserver(partial(exec, LOOKS, {"fifo": sys.argv[2]})).last()
    await asyncio.sleep(600)
"""
BEGINS = "\nimport asyncio, sys\nasyncio.run(run(sys.argv[1]))\n"


def read_within(descriptor: int, seconds: float) -> bytes:
    """What can be read now or soon; nothing where nobody has the other end open any more."""
    readable, _, _ = select.select([descriptor], [], [], seconds)
    assert readable, "the child still runs"
    return os.read(descriptor, 100)


@pytest.mark.parametrize("console", [JOB, LIST, ANSWER, LOOK], ids=["a job", "a list", "a question", "a look"])
def test_what_a_console_runs_ends_with_it_when_it_is_killed(console: str, tmp_path: Path) -> None:
    fifo = tmp_path / "runs"
    os.mkfifo(fifo)
    script = f"exec 9>{fifo}; echo >&9; exec sleep 600"  # and nobody else has its end of the pipe
    descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with subprocess.Popen([sys.executable, "-c", console + BEGINS, script, str(fifo)]) as parent:
            try:
                assert read_within(descriptor, 60) == b"\n"
            finally:
                parent.kill()
        assert read_within(descriptor, 60) == b""
    finally:
        os.close(descriptor)


AUDIENCE: dict[str, Any] = {
    "at": "2026-02-02T10:00:00.000Z",
    "team": "digital",
    "what": "audience",
    "segment": "readers",
    "channel": None,
    "campaign_id": "ads-3",
    "answers": [],
    "counts": [
        {"decision": "allow", "reason": "admitted", "rows": 40},
        {"decision": "deny", "reason": "no_consent", "rows": 7},
    ],
    "detail": "exported",
}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, ("digital", "audience", "readers", 40)),
        ({"counts": AUDIENCE["counts"][1:]}, ("digital", "audience", "readers", 0)),
        ({"what": "permission"}, ("digital", "permission", "readers", 47)),
        ({"what": "permission", "viewer": "dana"}, ("dana", "permission", "readers", 47)),
        ({"what": "permission", "viewer": "dana", "reserved_s": 7_200}, ("dana", "reserve", "readers", 47)),
        *(({"detail": outcome}, None) for outcome in ("counted", "refused", "special_category")),
    ],
)
def test_a_list_that_was_taken_is_told_with_its_people(
    changed: dict[str, Any], told: tuple[object, ...] | None
) -> None:
    found = read_export(orjson.dumps({**AUDIENCE, **changed}))
    assert (found and (found.viewer, found.what, found.of, found.people)) == told
