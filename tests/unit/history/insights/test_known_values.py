"""The time range and the names that a history holds."""

from pathlib import Path

import pytest

from streams.domain.messages import CodedMessage, english
from streams.history.insights.known_values import (
    TimeRange,
    names_of,
    time_range_of,
    topic_began,
    unknown_value_remarks,
)
from tests.contract.lake.conftest import quick_folder
from tests.unit.events.records import NOW
from tests.unit.history.insights.lakes import history_of, only_tail
from tests.unit.history.lake.topic_records import DAY, topic_record


def said(remarks: list[CodedMessage]) -> list[str]:
    return [english(remark) for remark in remarks]


def test_the_time_range_covers_files_and_tail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = quick_folder(tmp_path, monkeypatch)
    filed = [topic_record(at, "email.sent", NOW - at * DAY - at) for at in range(4)]
    tail = [topic_record(4, "text.sent", NOW + 5)]

    assert time_range_of(history_of(files, filed)) == TimeRange(NOW - 3 * DAY - 3, NOW)
    assert time_range_of(history_of(quick_folder(tmp_path / "two", monkeypatch), filed, tail)) == TimeRange(
        NOW - 3 * DAY - 3, NOW + 5
    )


def test_commands_about_contacts_do_not_extend_the_time_range() -> None:
    erasure = topic_record(0, "contact.erased", NOW - DAY)

    assert time_range_of(only_tail([erasure])) is None
    assert time_range_of(only_tail([erasure, topic_record(1, "email.sent", NOW)])) == TimeRange(NOW, NOW)


def test_an_unknown_campaign_or_team_is_named_with_the_nearest_known_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = [
        topic_record(at, "email.sent", NOW - at * DAY, campaign_id=f"gotv-{at}", team="digital") for at in range(4)
    ]
    tail = [topic_record(4, "text.sent", NOW, campaign_id="texts")]
    history = history_of(quick_folder(tmp_path, monkeypatch), filed, tail)

    assert names_of(history, "campaign_id") == {"gotv-0", "gotv-1", "gotv-2", "gotv-3", "texts"}
    assert unknown_value_remarks(history, {"campaign": "gotv-2", "team": "digital"}) == []
    assert said(unknown_value_remarks(history, {"campaign": "txets", "team": "digtal", "region": "US-ZZ"})) == [
        "nothing is known of campaign txets; did you mean texts?",
        "nothing is known of team digtal; did you mean digital?",
    ]
    assert said(unknown_value_remarks(only_tail(tail), {"campaign": "doors"})) == ["nothing is known of campaign doors"]


def test_a_name_that_looks_like_an_address_is_never_suggested() -> None:
    tail = [topic_record(1, "text.sent", NOW, campaign_id="ada@example.org")]

    assert said(unknown_value_remarks(only_tail(tail), {"campaign": "ada.example.org"})) == [
        "nothing is known of campaign ada.example.org"
    ]


def test_history_begins_with_the_topic_where_no_lake_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late = topic_record(0, "donation.made", NOW - 28 * DAY)  # of long ago, and in the topic only now
    tail = [late, topic_record(1, "email.sent", NOW - 1)]

    assert topic_began(only_tail(tail)) == NOW
    assert topic_began(only_tail([])) is None
    assert topic_began(history_of(quick_folder(tmp_path, monkeypatch), [], tail)) is None
