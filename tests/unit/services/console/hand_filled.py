"""A small desk that is filled by hand: for tests of what is read from one, and of pages that read one."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import orjson

from streams.services.console.desk import Desk
from streams.services.console.desk_schema import HOUR_MS, MINUTE_MS
from streams.services.console.desk_sums import sum_up
from tests.unit.services.console.desk_records import series_of

NOW = 1_762_480_440_000
"""2025-11-07 01:54 UTC: the moment that the desk is asked at."""


class Told(NamedTuple):
    """What one cell says."""

    minutes_ago: int
    labels: Mapping[str, str]
    happened: int = 1
    amount: int = 0
    supporters: int = 0
    machine: int = 0
    counted: int | None = None


class Scoped(NamedTuple):
    """A scope of tests."""

    teams: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    committees: frozenset[str] | None = None


_MAIL = {"campaign": "gotv-3", "team": "digital", "channel": "email", "source": "digital/mailer"}
_DOOR = {"type": "canvass.reported", "team": "field", "channel": "door", "source": "field/minivan"}
_GIFT = {"type": "donation.made", "team": "fundraising", "source": "fundraising/actblue", "currency": "USD"}
CELLS = (
    Told(50, {**_MAIL, "type": "email.sent", "mailbox": "gmail"}, 1000),
    Told(49, {**_MAIL, "type": "email.delivered", "mailbox": "gmail"}, 990),
    Told(48, {**_MAIL, "type": "email.sent", "mailbox": "yahoo"}, 300),
    Told(20, {**_MAIL, "type": "email.opened", "mailbox": "gmail"}, 400, machine=150),
    Told(15, {**_MAIL, "type": "email.clicked", "mailbox": "gmail"}, 40),
    Told(10, {**_MAIL, "type": "email.complained", "mailbox": "gmail"}, 3),
    Told(10, {**_MAIL, "type": "email.unsubscribed", "mailbox": "yahoo"}, 2),
    Told(40, {**_DOOR, "region": "US-OH", "turf": "turf-12", "outcome": "contacted"}, 40, supporters=18),
    Told(30, {**_DOOR, "region": "US-OH", "turf": "turf-12", "outcome": "not_home"}, 60),
    Told(25, {**_DOOR, "region": "US-OH", "turf": "turf-7", "outcome": "not_home"}, 5),
    Told(5, {**_DOOR, "region": "US-PA", "turf": "turf-1", "outcome": "contacted"}, 9, supporters=4),
    Told(7, {**_GIFT, "committee": "C004", "campaign": "gotv-3"}, 12, amount=60_000),
    Told(6, {**_GIFT, "committee": "C009"}, 3, amount=7_500),
    Told(3, {**_GIFT, "type": "donation.refunded", "committee": "C004", "outcome": "refund"}, 1, amount=5_000),
    Told(2, {"type": "donation.charge_failed", "team": "fundraising", "source": "fundraising/actblue"}, 2),
    Told(7 * 24 * 60 + 20, {**_DOOR, "region": "US-OH", "turf": "", "source": "", "outcome": "contacted"}, 70),
)
PEOPLE = ("van.17", "van.18", "email:00000000000000000000000000000001", "van.19")
"""The third was merged into the first; the fourth lives in US-PA."""


def hand_filled(path: Path) -> Desk:
    """Make the desk and open it for reading."""
    desk = Desk.create(path)
    with desk.transaction():
        for told in CELLS:
            _tell(desk, told)
        _people(desk)
        _others(desk)
        sum_up(desk)
        desk.set_meta("latest_event", NOW - 2 * MINUTE_MS)
        desk.set_meta("cells_since", NOW - 8 * 24 * 60 * MINUTE_MS)
        desk.set_meta("events_since", NOW - 48 * 60 * MINUTE_MS)
    desk.close()
    return Desk.open(path)


def _tell(desk: Desk, told: Told) -> None:
    minute = (NOW - told.minutes_ago * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    counted = told.happened if told.counted is None else told.counted
    values = (minute, series_of(desk, told.labels), told.happened, counted, told.amount, told.supporters, told.machine)
    desk.run("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    hour = (minute // HOUR_MS * HOUR_MS, *values[1:], minute, minute)
    desk.run(_HOUR, hour)


_HOUR = """INSERT INTO hours VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    happened = happened + excluded.happened, counted = counted + excluded.counted, amount = amount + excluded.amount,
    supporters = supporters + excluded.supporters, machine = machine + excluded.machine,
    first = min(first, excluded.first), last = max(last, excluded.last)"""


def _people(desk: Desk) -> None:
    contacts = (1, 2, 1, 4)
    for number, (name, contact) in enumerate(zip(PEOPLE, contacts, strict=True), 1):
        desk.run("INSERT INTO fragments VALUES (?, ?, ?)", (number, name, contact))
    for number, region, support, failing, closed in (
        (1, "US-OH", 2, 0, "text"), (2, "US-OH", None, 1, ""), (4, "US-PA", 1, 0, ""),
    ):  # fmt: skip
        desk.run(
            f"INSERT INTO people VALUES ({', '.join('?' * 19)})",
            (number, 7, NOW - 9_000_000, NOW - number * 1_000, region, None, "America/New_York", support,
             None if support is None else NOW - 7_000_000, 3, 1, NOW - 6_000_000, "ok", 1, 2, NOW - 5_000_000, 1,
             failing, 0),
        )  # fmt: skip
        if closed:
            desk.run("INSERT INTO closed VALUES (?, ?)", (number, closed))
    desk.run_many(
        "INSERT INTO given VALUES (?, ?, ?, ?, ?, ?)",
        [(1, "C004", "", "USD", 330_000, NOW - 10), (1, "C004", "2025-general", "USD", 320_000, NOW - 10),
         (2, "C004", "", "USD", 5_000, NOW - 20), (2, "C004", "2025-general", "USD", 5_000, NOW - 20),
         (4, "C009", "", "USD", 7_500, NOW - 30)],
    )  # fmt: skip
    desk.run_many(
        "INSERT INTO ballots VALUES (?, ?, ?, ?)",
        [(1, "2025-general", "rejected", NOW - 9), (2, "2025-general", "voted", NOW), (4, "2025-general", "sent", NOW)],
    )
    report = series_of(desk, {**_DOOR, "region": "US-OH", "turf": "turf-12", "outcome": "contacted"})
    opened = series_of(desk, {**_MAIL, "type": "email.opened", "mailbox": "gmail"})
    gift = series_of(desk, {**_GIFT, "committee": "C004", "campaign": "gotv-3"})
    desk.run_many(
        f"INSERT INTO events VALUES ({', '.join('?' * 14)}, NULL, NULL)",
        [
            (1, b"a", report, 1, NOW - 40 * MINUTE_MS, "knock-1", None, 0, 1, 0, 0, 1, 1, b'{"support":2}'),
            (2, b"b", opened, 3, NOW - 20 * MINUTE_MS, "open-1", None, 0, 0, 1, 1, 1, 1, b'{"message_id":"m1"}'),
            (3, b"c", gift, 1, NOW - 7 * MINUTE_MS, "gift-1", 5, 5_000, 0, 0, 0, 1, 1, b'{"donation_id":"a:1"}'),
            (4, b"d", gift, 1, NOW - 6 * MINUTE_MS, "gift-1b", 5, 5_000, 0, 0, 0, 1, 0, b'{"donation_id":"a:1"}'),
            (5, b"e", report, 2, NOW - 39 * MINUTE_MS, "knock-2", None, 0, 0, 0, 0, 1, 1, None),
        ],
    )


def _others(desk: Desk) -> None:
    evidence = orjson.dumps([["digital/mailer", "c-1"]]).decode()
    limit = "gmail: 3 complaints of 1000 sent, 0.3 %"
    desk.run_many(
        "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?)",
        [("x1", "campaign_complaints", "gotv-3", None, NOW - 600_000, limit, evidence),
         ("x2", "over_cap", None, 1, NOW - 500_000, "digital: 4 touches", evidence),
         ("x3", "over_cap", None, 4, NOW - 400_000, "field: 4 touches", evidence)],
    )  # fmt: skip
    desk.run("INSERT INTO causes VALUES (1, 'invalid_data', 'data.amount: give a whole number', 'intake', "
             "'donation-events', 'fundraising/actblue', 'donation.made')")  # fmt: skip
    desk.run_many(
        "INSERT INTO letters VALUES (?, 1, ?, ?)",
        [("donation-events/0/1", NOW - 900_000, 0), ("donation-events/0/2", NOW - 800_000, 1)],
    )
    desk.run_many(
        "INSERT INTO views VALUES (?, ?, 0, ?, ?, 'read', ?, NULL, ?)",
        [(1, "r1", NOW - 300_000, "nadia", 1, "donor called"), (2, "r2", NOW - 200_000, "digital", 4, None)],
    )
    desk.run("INSERT INTO holds VALUES ('gotv-3', ?, NULL, 'nadia')", (NOW - 100_000,))
    desk.run_many(
        "INSERT INTO positions VALUES (?, ?, 'id', ?, ?, ?, ?)",
        [("interactions", 0, 10, 10, NOW - 5_000, NOW - 1_000), ("interactions", 1, 7, 9, NOW - 4_000, NOW - 500),
         ("contact-state", 0, 3, 3, None, NOW - 60_000)],
    )  # fmt: skip
