"""From when to when there are interactions, wherever they lie."""

from pathlib import Path

import pytest

from streams.history.insights.known_values import Known, known_of, names_of, unknown_in
from tests.contract.lake.conftest import quick_folder
from tests.unit.events.records import NOW
from tests.unit.history.insights.lakes import history_of, only_tail
from tests.unit.history.lake.lying import DAY, lying


def test_in_files_and_behind_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = quick_folder(tmp_path, monkeypatch)
    filed = [lying(at, "email.sent", NOW - at * DAY - at) for at in range(4)]
    tail = [lying(4, "text.sent", NOW + 5)]

    assert known_of(history_of(files, filed)) == Known(NOW - 3 * DAY - 3, NOW)
    assert known_of(history_of(quick_folder(tmp_path / "two", monkeypatch), filed, tail)) == Known(
        NOW - 3 * DAY - 3, NOW + 5
    )


def test_what_was_decided_about_somebody_is_no_interaction() -> None:
    erasure = lying(0, "contact.erased", NOW - DAY)

    assert known_of(only_tail([erasure])) is None
    assert known_of(only_tail([erasure, lying(1, "email.sent", NOW)])) == Known(NOW, NOW)


def test_without_any_there_is_none() -> None:
    assert known_of(only_tail([])) is None


def test_a_name_of_which_there_is_nothing_is_told_with_the_one_that_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = [lying(at, "email.sent", NOW - at * DAY, campaign_id=f"gotv-{at}", team="digital") for at in range(4)]
    tail = [lying(4, "text.sent", NOW, campaign_id="texts")]
    history = history_of(quick_folder(tmp_path, monkeypatch), filed, tail)

    assert names_of(history, "campaign_id") == {"gotv-0", "gotv-1", "gotv-2", "gotv-3", "texts"}
    assert unknown_in(history, {"campaign": "gotv-2", "team": "digital"}) == []
    assert unknown_in(history, {"campaign": "txets", "team": "digtal", "region": "US-ZZ"}) == [
        "nothing is known of campaign txets; did you mean texts?",
        "nothing is known of team digtal; did you mean digital?",
    ]
    assert unknown_in(only_tail(tail), {"campaign": "doors"}) == ["nothing is known of campaign doors"]


def test_a_name_that_is_an_address_is_not_told_to_whoever_misspells_it() -> None:
    tail = [lying(1, "text.sent", NOW, campaign_id="ada@example.org")]

    assert unknown_in(only_tail(tail), {"campaign": "ada.example.org"}) == [
        "nothing is known of campaign ada.example.org"
    ]
