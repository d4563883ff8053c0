"""Who the desk is open to."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from events.topics import SEGMENT_COUNTS
from sinks.lookup import Complete, Incomplete
from streams.services.console import desk_reading
from streams.services.console.desk import Desk, DeskMissing, remove_desk, replace_desk
from streams.services.console.desk_access import THREADS, DeskReader, Times, TooSlow
from streams.services.console.desk_batches import Limits, TopicRecord
from streams.services.console.desk_reading import Freshness
from streams.services.console.desk_retention import let_go
from streams.services.console.desk_schema import CELLS_KEPT_MS, QUARTER_MS
from streams.services.console.desk_segments import Members, member_curve, members_said
from streams.services.console.desk_writing import DeskWriter
from streams.services.console.pages.segments import curve_chart
from streams.services.console.standing import Standing, standing
from streams.services.console.words import Words


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


START = 1_400_000 * QUARTER_MS


def said(partition: int, members: int | None, at: int, segment: bytes = b"donors") -> TopicRecord:
    value = None if members is None else orjson.dumps({"edition": "e", "state": "complete", "members": members})
    return TopicRecord(SEGMENT_COUNTS, partition, at, segment, value, [], START + at)


def curve(writer: DeskWriter, since: int = 0, until: int = 4) -> list[tuple[int, int]]:
    found = member_curve(writer.desk, "donors", START + since * QUARTER_MS, START + until * QUARTER_MS)
    return [((each.at_ms - START) // QUARTER_MS, each.members) for each in found]


def test_the_last_count_of_each_partition_holds_until_it_says_another(writer: DeskWriter) -> None:
    writer.write(
        [said(0, 3, 0), said(1, 10, 1), said(0, 5, 2), said(0, 7, 2 * QUARTER_MS), said(1, None, 3 * QUARTER_MS)], ()
    )
    assert curve(writer) == [(0, 15), (1, 15), (2, 17), (3, 7)]
    assert curve(writer, since=2) == [(2, 17), (3, 7)]
    assert member_curve(writer.desk, "others", START, START + QUARTER_MS) == []


def test_records_that_come_again_change_nothing_and_what_cannot_be_read_is_counted(writer: DeskWriter) -> None:
    records = [said(0, 3, 0), said(0, 5, 1)]
    writer.write([*records, *records], ())
    bad = said(0, 1, 2)._replace(value=b"[]")
    assert writer.write([bad], ()).unreadable == 1
    assert curve(writer, until=1) == [(0, 5)]
    assert members_said(b"{") is None


def test_of_what_is_too_old_the_last_count_of_each_partition_stays(writer: DeskWriter) -> None:
    writer.write([said(0, 3, 0), said(0, 4, QUARTER_MS), said(1, 1, 0), said(0, 9, 3 * QUARTER_MS)], ())
    for _ in let_go(writer, Limits(), START + 2 * QUARTER_MS + CELLS_KEPT_MS):
        pass
    rows = writer.desk.rows("SELECT partition, (slot - ?) / ?, members FROM members", (START, QUARTER_MS))
    assert sorted(rows) == [(0, 1, 4), (0, 3, 9), (1, 0, 1)]


def test_few_members_are_drawn_as_none() -> None:
    few = [Members(START, 9), Members(START + QUARTER_MS, 30)]
    drawn = curve_chart(few, Words("en", "America/New_York"))
    assert "between 0 and 30 since" in drawn


@pytest.mark.parametrize("known", [0, 1])
def test_of_less_than_two_quarters_of_an_hour_no_empty_area_is_drawn(known: int) -> None:
    assert curve_chart([Members(START, 30)] * known, Words("en", "America/New_York")) == ""
