"""Curves of members: what partitions said adds up at each quarter of an hour, and what is old is let go of."""

import orjson
import pytest

from events.topics import SEGMENT_COUNTS
from streams.services.console.desk_batches import Limits, TopicRecord
from streams.services.console.desk_retention import let_go
from streams.services.console.desk_schema import CELLS_KEPT_MS, QUARTER_MS
from streams.services.console.desk_segments import Members, member_curve, members_said
from streams.services.console.desk_writing import DeskWriter
from streams.services.console.pages.segments import curve_chart
from streams.services.console.words import Words

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
