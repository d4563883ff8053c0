from pathlib import Path

from streams.platform.errors import Fenced, StateLost
from streams.worker.measuring.fail_stops import fail_stops, note_fail_stop


def test_each_is_counted_by_its_reason(tmp_path: Path) -> None:
    for error in (Fenced("others"), Fenced("again"), StateLost("gone"), OSError("a disk")):
        note_fail_stop(tmp_path, error)

    assert fail_stops(tmp_path) == {"fenced": 2, "state_lost": 1, "other": 1}


def test_a_new_directory_has_none(tmp_path: Path) -> None:
    assert fail_stops(tmp_path) == {"fenced": 0, "state_lost": 0, "other": 0}


def test_a_broken_file_counts_as_none_and_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "fail-stops.json").write_bytes(b'{"fenced": "two"')
    note_fail_stop(tmp_path, Fenced("others"))

    assert fail_stops(tmp_path)["fenced"] == 1


def test_a_directory_that_cannot_be_written_keeps_nobody(tmp_path: Path) -> None:
    note_fail_stop(tmp_path / "gone", Fenced("others"))
