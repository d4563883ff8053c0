"""`harmonia lake fold` as an operator uses it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sinks.lake.compaction import compact
from sinks.lake.files import LocalFiles
from streams.cli.main import app
from streams.history.refold.lake_source import LakeFileRows, interaction_files
from tests.unit.history.refold.lakes import lake_of, sample_records

LAKE = "HARMONIA_LAKE"


def fold(out: Path) -> tuple[int, list[str]]:
    result = CliRunner().invoke(app, ["lake", "fold", "--processes", "1", "--out", str(out)])
    return result.exit_code, result.output.splitlines()


def test_lake_fold_prints_its_counts_and_leaves_no_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake_of(tmp_path / "lake", sample_records())
    monkeypatch.setenv(LAKE, str(tmp_path / "lake"))

    assert fold(tmp_path / "out") == (
        0,
        [
            "42 interactions sorted by contact, 1 are nobody's",
            "5 contacts, 5 profiles; 40 applied, 1 duplicate, 1 not_json",
        ],
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["contact_state", "states"]
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700


def test_files_that_were_merged_meanwhile_are_looked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = lake_of(tmp_path / "lake", sample_records())
    monkeypatch.setenv(LAKE, str(tmp_path / "lake"))

    def merged_after(*given: object) -> list[LakeFileRows]:
        found = interaction_files(files)
        compact(files, "2013-01-01")
        return found

    monkeypatch.setattr("streams.history.refold.buckets.interaction_files", merged_after)

    assert fold(tmp_path / "out")[1][-1] == "5 contacts, 5 profiles; 40 applied, 1 duplicate, 1 not_json"


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake_of(tmp_path / "lake", sample_records())
    monkeypatch.setenv(LAKE, str(tmp_path / "lake"))
    LocalFiles(tmp_path / "out").create("mine", b"", "_draft")

    code, lines = fold(tmp_path / "out")

    assert code == 1
    assert "is not empty" in lines[0]
    assert (tmp_path / "out" / "mine").exists()
