"""`harmonia rebuild` says in one line what is wrong with a directory, before it connects to a server."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.history.rebuild import comparison
from streams.history.rebuild.builder import WORK, Positions, _begin, read_positions, write_positions
from streams.history.rebuild.profile_diff import Comparison
from streams.operations.backup.manifest import FORMAT, NAME, Manifest, identity_of, write_manifest
from streams.operations.backup.record_files import BackupError
from streams.platform.settings import Settings


def said(*words: str, code: int) -> str:
    ended = CliRunner().invoke(app, ["rebuild", *words], env={"HARMONIA_PARTITIONS": "4"})
    assert ended.exit_code == code, ended.output
    return ended.stderr


def a_backup(folder: Path) -> Path:
    folder.mkdir()
    identity = identity_of(Settings())
    at = "2012-02-22T10:00:00.000Z"
    write_manifest(folder, Manifest(FORMAT, "1", at, at, at, 4, 0, identity, 0, [0] * 4, [0] * 4, []))
    return folder


def test_a_rebuild_neither_compares_nor_switches_to_a_directory_that_is_no_backup(tmp_path: Path) -> None:
    for command in ("compare", "switch"):
        assert "is no backup" in said(command, str(tmp_path), code=1)


def test_a_backup_that_was_not_built_is_not_compared(tmp_path: Path) -> None:
    assert "was not made by `harmonia rebuild build`" in said("compare", str(a_backup(tmp_path / "one")), code=1)


@pytest.mark.parametrize(("found", "code"), [(Comparison(equal=2), 0), (Comparison(equal=1, differ=1), 3)])
def test_rebuild_compare_has_different_exit_codes_for_differences_and_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Comparison, code: int
) -> None:
    async def compared(*_: object) -> Comparison:
        return found

    monkeypatch.setattr(comparison, "compare", compared)
    said("compare", str(tmp_path), code=code)


def test_a_rebuild_refuses_other_partitions_than_the_settings_say(tmp_path: Path) -> None:
    folder = str(a_backup(tmp_path / "one"))
    assert "HARMONIA_PARTITIONS is 4" in said("switch", folder, "--partitions", "6", code=2)


def test_a_rebuilds_positions_are_read_as_they_were_written(tmp_path: Path) -> None:
    positions = Positions("topic", [3, 0], {"applied": 3})
    write_positions(tmp_path, positions)
    assert read_positions(tmp_path) == positions


@pytest.mark.parametrize("names", [["letter"], [WORK, "letter"], [WORK, f"{WORK}/thesis"], [WORK, NAME]])
def test_a_rebuild_leaves_a_directory_alone_that_holds_a_finished_one_or_something_else(
    tmp_path: Path, names: list[str]
) -> None:
    for name in names:
        (tmp_path / name).mkdir() if name == WORK else (tmp_path / name).write_text("all of it")
    with pytest.raises(BackupError, match="is not empty"):
        _begin(tmp_path)
    assert (tmp_path / names[-1]).exists()


def test_a_rebuild_deletes_what_a_killed_one_has_left(tmp_path: Path) -> None:
    _begin(tmp_path / "new")
    (tmp_path / "new" / "contacts-0.zst.part").write_text("half")
    (tmp_path / "new" / WORK / "system").mkdir()
    _begin(tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").rglob("*")] == [WORK]
