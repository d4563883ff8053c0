import pytest
from faust.types import TP

from streams.history.insights.answering import TailBuffer, _require_no_gap
from streams.history.insights.history_source import tail_table
from streams.platform.errors import LakeStopped
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record

FIRST, SECOND = TP("interactions", 0), TP("interactions", 1)


@pytest.mark.parametrize(
    ("starts", "begin", "said"),
    [
        ({FIRST: 7, SECOND: 0}, {}, "HARMONIA_LAKE holds nothing of interactions"),
        ({FIRST: 7, SECOND: 0}, {0: 6}, "partition 0: the lake ends before 6, the topic begins at 7"),
    ],
)
def test_records_in_neither_lake_nor_topic_are_an_error(
    starts: dict[TP, int], begin: dict[int, int], said: str
) -> None:
    with pytest.raises(LakeStopped, match=said):
        _require_no_gap(starts, begin)


@pytest.mark.parametrize(("lake", "cure"), [(False, "set HARMONIA_LAKE"), (True, "let `harmonia lake run` catch up")])
def test_a_tail_too_large_for_memory_is_refused_with_the_cure(lake: bool, cure: str) -> None:
    records = [topic_record(0, "donation.made")]
    table = tail_table(records, TOPIC_ID)
    room = TailBuffer(TOPIC_ID, 2 * table.nbytes, lake=lake)

    assert room.take(records).equals(room.take(records))
    with pytest.raises(LakeStopped, match=cure):
        room.take(records)
