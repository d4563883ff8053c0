"""The desk as pages ask it, how fresh its figures are, and what it lets go of."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sinks.lookup import Complete, Incomplete
from streams.services.console import desk_reading
from streams.services.console.desk import Desk, DeskMissing, remove_desk, replace_desk
from streams.services.console.desk_access import THREADS, DeskReader, Times, TooSlow
from streams.services.console.desk_batches import Limits, TopicRecord
from streams.services.console.desk_campaigns import begun, campaigns, names
from streams.services.console.desk_cells import Everything, Span
from streams.services.console.desk_reading import Freshness, Slots, curves, figures_by, known_since_ms, last_reports
from streams.services.console.desk_retention import drop_unused_series, let_go
from streams.services.console.desk_schema import CELLS_KEPT_MS, COARSE_MS
from streams.services.console.desk_writing import DeskWriter
from streams.services.console.standing import Standing, standing
from tests.unit.services.console.desk_records import EVER, NOON, counts, gift, link, net, said


async def test_a_desk_that_is_made_anew_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    reader = DeskReader(path, Times(same=0.0))
    with pytest.raises(DeskMissing):
        await reader.ask(desk_reading.latest_event_ms)
    for latest in (5, 7):
        remove_desk(path)
        desk = Desk.create(path)
        desk.set_meta("latest_event", latest)
        desk.close()
        for _ in range(4):
            assert await reader.ask(desk_reading.latest_event_ms) == latest
    reader.close()


async def test_a_desk_that_is_being_replaced_when_it_is_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copy = tmp_path / "desk.sqlite", tmp_path / "desk.sqlite.new"
    path.write_bytes(b"the file of one desk with the journal of another" * 100)
    Desk.create(copy).close()
    monkeypatch.setattr(time, "sleep", lambda _: replace_desk(path, copy))
    reader = DeskReader(path)
    assert await reader.ask(quick) == (1,)
    reader.close()


async def test_a_desk_that_was_replaced_while_it_was_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copy = tmp_path / "desk.sqlite", tmp_path / "desk.sqlite.new"
    for place, latest in ((path, 1), (copy, 2)):
        desk = Desk.create(place)
        desk.set_meta("latest_event", latest)
        desk.close()
    open_ = Desk.open

    def replaced(at: Path) -> Desk:
        desk = open_(at)
        if copy.exists():
            replace_desk(path, copy)
        return desk

    monkeypatch.setattr(Desk, "open", replaced)
    reader = DeskReader(path)
    assert await reader.ask(desk_reading.latest_event_ms) == 2
    reader.close()


PATIENCE_S = 20.0
"""Seconds that a test waits for what would else never come."""


def endless(desk: Desk, _: int = 0) -> object:
    """A query that ends only when it is interrupted; of another number it is another one."""
    return desk.one("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")


def quick(desk: Desk) -> object:
    """A query that takes no time."""
    return desk.one("SELECT 1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Desk.create(tmp_path / "desk.sqlite").close()
    return tmp_path / "desk.sqlite"


@pytest.fixture
def reader(path: Path, request: pytest.FixtureRequest) -> Iterator[DeskReader]:
    made = DeskReader(path, getattr(request, "param", Times()))
    yield made
    made.close()


async def test_queries_that_were_given_up_by_who_asked_hold_no_thread(reader: DeskReader) -> None:
    for number in range(2 * THREADS):
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.ask(endless, number)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.ask(quick) == (1,)


@pytest.mark.parametrize("reader", [Times(limit=600.0, alone=0.2)], indirect=True)
async def test_slow_queries_make_way_for_one_that_waits(reader: DeskReader) -> None:
    slow = [asyncio.create_task(reader.ask(endless, number)) for number in range(THREADS)]
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.ask(quick) == (1,)
        done, _ = await asyncio.wait(slow, return_when=asyncio.FIRST_COMPLETED)
    assert {type(task.exception()) for task in done} == {TooSlow}
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


@pytest.mark.parametrize("reader", [Times(limit=600.0, alone=0.0)], indirect=True)
async def test_a_query_that_made_way_is_too_slow_also_once_nobody_waits_any_more(
    reader: DeskReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = iter([False, True])
    monkeypatch.setattr(reader, "_somebody_waits", lambda: next(waits, False))
    with pytest.raises(TooSlow):
        async with asyncio.timeout(PATIENCE_S):
            await reader.ask(endless)


@pytest.mark.parametrize("reader", [Times(limit=0.2)], indirect=True)
async def test_a_query_that_takes_longer_than_it_may_is_interrupted(reader: DeskReader) -> None:
    with pytest.raises(TooSlow):
        async with asyncio.timeout(PATIENCE_S):
            await reader.ask(endless)
    assert await reader.ask(quick) == (1,)


async def test_many_who_ask_the_same_at_once_are_one_query(reader: DeskReader) -> None:
    asked = []

    def counted(_: Desk) -> int:
        asked.append(1)
        return len(asked)

    assert await asyncio.gather(*(reader.ask(counted) for _ in range(20))) == [1] * 20
    assert asked == [1]


async def test_one_who_leaves_takes_the_answer_from_nobody_who_asks_the_same(reader: DeskReader) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def waiting(_: Desk) -> int:
        begun.set()
        assert goes_on.wait(PATIENCE_S)
        return 5

    leaves, stays = (asyncio.create_task(reader.ask(waiting)) for _ in range(2))
    assert await asyncio.to_thread(begun.wait, PATIENCE_S)
    leaves.cancel()
    await asyncio.gather(leaves, return_exceptions=True)
    goes_on.set()
    assert await stays == 5


async def test_a_query_that_failed_is_asked_again(tmp_path: Path) -> None:
    reader = DeskReader(tmp_path / "desk.sqlite")
    with pytest.raises(DeskMissing):
        await reader.ask(quick)
    Desk.create(reader.path).close()
    assert await reader.ask(quick) == (1,)
    reader.close()


@pytest.mark.parametrize(
    ("known", "redis", "found"),
    [
        (Freshness(900, complete=True, stopped_at_ms=None), Complete(950), Standing(900, None)),
        (Freshness(900, complete=True, stopped_at_ms=None), Complete(800), Standing(800, None)),
        (Freshness(None, complete=False, stopped_at_ms=None), Complete(800), Standing(None, None)),
        (Freshness(900, complete=True, stopped_at_ms=700), Complete(950), Standing(900, 700)),
        (Freshness(900, complete=True, stopped_at_ms=None), Incomplete("missing", "x"), Standing(900, None)),
        (Freshness(100_000, complete=True, stopped_at_ms=None), Incomplete("too_old", "x"), Standing(40_000, 40_000)),
    ],
)
def test_figures_are_as_old_as_the_desk_or_as_the_workers_that_feed_it(
    known: Freshness, redis: Complete | Incomplete, found: Standing
) -> None:
    assert standing(known, redis, 100_000, 60.0) == found


# What the desk lets go of, and what becomes of its figures then.
ALL = Everything()
HOUR = 3_600_000
LIMITS = Limits()


def tend(writer: DeskWriter, clock: int, limits: Limits = LIMITS) -> int:
    """Let go of all that is due; returns of how many interactions."""
    return sum(step.events for step in let_go(writer, limits, clock))


def test_interactions_go_after_two_days_and_their_figures_stay_nine(writer: DeskWriter) -> None:
    writer.write([gift("van.1", f"g{number}", at=NOON + number * 60_000) for number in range(10)], ())
    assert tend(writer, NOON + 48 * HOUR) == 0
    assert tend(writer, NOON + 50 * HOUR) == 10
    assert writer.events.kept == 0
    assert net(writer) == 5_000
    assert writer.desk.rows("SELECT * FROM fragments") == []
    tend(writer, NOON + CELLS_KEPT_MS + HOUR)
    assert counts(writer) == {}
    assert known_since_ms(writer.desk) == NOON + HOUR


def test_cells_of_two_days_ago_are_of_five_minutes_and_have_no_turf(writer: DeskWriter) -> None:
    turf = {"method": "door", "outcome": "contacted", "turf": "turf-1", "support": 1}
    records = [said("van.1", f"r{number}", "canvass.reported", turf, at=NOON + number * 60_000) for number in range(10)]
    writer.write(records, ())
    before = figures_by(writer.desk, EVER, ALL, by=("type", "region", "outcome"))
    tend(writer, NOON + 60 * HOUR)
    assert figures_by(writer.desk, EVER, ALL, by=("type", "region", "outcome")) == before
    [curve] = curves(writer.desk, Slots(NOON, NOON + 2 * COARSE_MS, COARSE_MS), ALL)
    assert curve.counted == (5, 5)
    part = Span(NOON, NOON + COARSE_MS)
    assert [group.values for group in figures_by(writer.desk, part, ALL, by=("turf",))] == [("",)]
    assert [group.values for group in figures_by(writer.desk, EVER, ALL, by=("turf",))] == [("turf-1",)]
    assert [group.figures.happened for group in figures_by(writer.desk, part, ALL)] == [5]
    assert drop_unused_series(writer) == 0
    tend(writer, NOON + CELLS_KEPT_MS + 2 * HOUR)
    assert drop_unused_series(writer) == 3


def test_a_retraction_reaches_a_cell_that_is_coarse_already(writer: DeskWriter) -> None:
    old = NOON - 47 * HOUR
    writer.write([gift("van.1", "g", at=old)._replace(appended=NOON)], ())
    tend(writer, NOON + 10 * HOUR)
    retraction = said("van.1", "r", "interaction.retracted", {"retracts": {"source": "test/tool", "id": "g"}})
    writer.write([retraction], ())
    assert counts(writer) == {}


def test_a_copy_that_comes_while_it_would_still_be_taken_is_recognised(writer: DeskWriter) -> None:
    writer.write([gift("van.1", "g")], ())
    last = NOON + 48 * HOUR
    tend(writer, last)
    done = writer.write([gift("van.1", "g")._replace(appended=last)], ())
    assert (done.copies, done.late) == (1, 0)
    tend(writer, last + 2 * HOUR)
    done = writer.write([gift("van.1", "g")._replace(appended=last + 1)], ())
    assert (done.copies, done.late) == (0, 1)
    assert net(writer) == 500


def test_of_too_many_interactions_the_oldest_messages_go_first(writer: DeskWriter) -> None:
    mails = [said("van.1", f"m{number}", "email.opened", at=NOON + number * 60_000) for number in range(8)]
    writer.write([gift("van.1", "g"), *mails], ())
    limits = Limits(events=5)
    assert tend(writer, NOON, limits) == 4
    assert writer.desk.rows("SELECT id FROM events ORDER BY seq") == [("g",), ("m4",), ("m5",), ("m6",), ("m7",)]
    done = writer.write([mails[0], gift("van.1", "g")], ())
    assert (done.late, done.copies) == (1, 1)
    assert counts(writer) == {"email.opened": 8, "donation.made": 1}
    later = DeskWriter(writer.desk, limits)
    assert later.write([mails[0]], ()).late == 1


def test_where_there_are_no_messages_other_interactions_go(writer: DeskWriter) -> None:
    writer.write([gift("van.1", f"g{number}", at=NOON + number * 60_000) for number in range(8)], ())
    assert tend(writer, NOON, Limits(events=5)) == 3
    assert writer.write([gift("van.1", "g0")], ()).late == 1


def test_a_stop_keeps_the_campaign_of_a_text_that_was_let_go_of(writer: DeskWriter) -> None:
    text = said("van.1", "t", "text.sent", {"message_id": "m1", "campaign_id": "polls-2"})
    writer.write([text, said("van.1", "s", "text.opted_out", {"message_id": "m1"}, at=NOON + 40 * HOUR)], ())
    assert tend(writer, NOON + 51 * HOUR) == 1
    writer.write([link("van.1", "van.2")], ())
    assert campaigns_of(writer, "text.opted_out") == ["polls-2"]


def test_a_refund_keeps_what_a_gift_told_it_that_was_let_go_of(writer: DeskWriter) -> None:
    refund = {"refund_id": "f", "donation_id": "a:g", "amount": 200, "currency": "USD"}
    given = gift("van.1", "g")
    writer.write([given, said("van.1", "f", "donation.refunded", refund, at=NOON + 40 * HOUR)], ())
    assert tend(writer, NOON + 51 * HOUR) == 1
    writer.write([gift("van.2", "g2", name="a:g", at=NOON + 51 * HOUR)], ())
    found = figures_by(writer.desk, EVER, ALL, by=("committee",), types=("donation.refunded",))
    assert [group.values for group in found] == [("C1",)]


def test_what_a_refund_said_is_known_for_as_long_as_the_refund_is(writer: DeskWriter) -> None:
    long = Limits(kept_ms=400 * HOUR)
    writer = DeskWriter(writer.desk, long)
    refund = said(
        "van.1", "f", "donation.refunded", {"refund_id": "f", "donation_id": "a:g", "amount": 2, "currency": "USD"}
    )
    writer.write([refund], ())
    writer.write([gift("van.1", "g")], ())
    later = NOON + CELLS_KEPT_MS + 2 * HOUR
    tend(writer, later, long)
    drop_unused_series(writer)
    writer.write([link("van.1", "van.2")], ())
    writer.write([gift("van.2", "again", name="a:g", at=later)], ())
    assert writer.desk.one("SELECT count(*) FROM events") == (3,)


def campaigns_of(writer: DeskWriter, type_: str) -> list[str]:
    return [group.values[0] for group in figures_by(writer.desk, EVER, ALL, by=("campaign",), types=(type_,))]


def test_sums_over_all_hours_are_of_those_that_are_left(writer: DeskWriter) -> None:
    mail = {"campaign_id": "gotv-1", "message_id": "m", "purpose": "fundraising"}
    records = [said("van.1", f"m{hour}", "email.opened", mail, at=NOON + hour * HOUR) for hour in range(4)]
    writer.write(records, ())
    tend(writer, NOON + CELLS_KEPT_MS + 2 * HOUR)
    [left] = campaigns(writer.desk, EVER, ALL)
    assert (left.types, left.first_ms, left.last_ms) == ({"email.opened": 2}, NOON + 2 * HOUR, NOON + 3 * HOUR)
    # A span that does not have all of it is added up hour by hour, and says the same.
    assert campaigns(writer.desk, Span(NOON + 2 * HOUR - 1, NOON + 9 * HOUR), ALL) == [left]
    assert campaigns(writer.desk, Span(NOON + 2 * HOUR, NOON + 3 * HOUR + 1), ALL) == [left]
    assert campaigns(writer.desk, Span(NOON + 3 * HOUR, NOON + 9 * HOUR), ALL)[0].types == {"email.opened": 1}
    assert names(writer.desk, EVER, ALL) == {"gotv-1"}


def test_a_campaign_has_begun_with_its_first_message_unless_it_went_on_before(writer: DeskWriter) -> None:
    def sent(campaign: str, minutes: int) -> TopicRecord:
        mail = {"campaign_id": campaign, "message_id": "m", "purpose": "fundraising"}
        return said("van.1", f"{campaign}{minutes}", "email.sent", mail, at=NOON + minutes * 60_000)

    writer.write([sent("new", 70), sent("new", 90), sent("old", 5), sent("old", 80), sent("later", 300)], ())
    span = Span(NOON + 10 * 60_000, NOON + 3 * HOUR)
    assert begun(writer.desk, span, ALL, ("email.sent",)) == {"new": NOON + 70 * 60_000}


def test_of_each_turf_the_last_report_is_known(writer: DeskWriter) -> None:
    def report(turf: str, minutes: int) -> TopicRecord:
        door = {"method": "door", "outcome": "not_home", "turf": turf}
        return said("van.1", f"{turf}{minutes}", "canvass.reported", door, at=NOON + minutes * 60_000)

    writer.write([report("t1", 1), report("t1", 70), report("t2", 30), report("t3", 2)], ())
    found = last_reports(writer.desk, NOON + 10 * 60_000, ALL)
    assert found == {("US-OH", "t1"): NOON + 70 * 60_000, ("US-OH", "t2"): NOON + 30 * 60_000}
