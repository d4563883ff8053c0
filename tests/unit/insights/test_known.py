"""From when to when there are interactions, wherever they lie."""

from pathlib import Path

import pytest

from streams.insights.known import Known, known_of
from tests.contract.lake.conftest import quick_folder
from tests.unit.events.records import NOW
from tests.unit.insights.lakes import history_of, only_tail
from tests.unit.lake.lying import DAY, lying


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
