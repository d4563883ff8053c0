"""Who may read a lake that is a folder: whatever the umask says, its owner alone, or its group as well."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE

import pyarrow as pa
import pytest

from sinks.lake.files import open_files
from sinks.lake.parquet import write_parquet
from streams.platform.lake_files import lake_files_of
from streams.platform.settings import Settings


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def filled(place: Path, mask: int, *, group_reads: bool) -> None:
    """Files and folders by each way in which the lake makes them."""
    with umask(mask):
        files = open_files(str(place), group_reads=group_reads)
        files.create("_manifests/one.json", b"{}", "_staging/one/draft")
        with files.writing("_staging/one/file.parquet") as file:
            write_parquet(pa.table({"a": [1]}), file)
        files.move("_staging/one/file.parquet", "interactions/date=2012-02-22/file.parquet")


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize(("group_reads", "file", "folder"), [(False, 0o600, 0o700), (True, 0o640, 0o750)])
def test_a_new_lake_is_readable_by_its_owner_alone_or_its_group_where_the_setting_says_so(
    tmp_path: Path, mask: int, group_reads: bool, file: int, folder: int
) -> None:
    filled(tmp_path / "srv" / "lake", mask, group_reads=group_reads)

    paths = [tmp_path / "srv" / "lake", *(tmp_path / "srv" / "lake").rglob("*")]
    assert {(path.is_file(), S_IMODE(path.stat().st_mode)) for path in paths} == {(True, file), (False, folder)}


def test_an_existing_lake_folder_keeps_its_mode_and_hands_its_group_on(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    lake.chmod(0o2750)

    filled(lake, 0o022, group_reads=True)

    assert S_IMODE(lake.stat().st_mode) == 0o2750
    assert S_IMODE((lake / "interactions").stat().st_mode) == 0o2750


def test_lake_commands_obey_the_mode_setting(tmp_path: Path) -> None:
    with umask(0o000):
        lake_files_of(Settings(lake=str(tmp_path / "a"))).create("x", b"", "draft")
        lake_files_of(Settings(lake=str(tmp_path / "b"), lake_group_reads=True)).create("x", b"", "draft")

    assert [S_IMODE((tmp_path / name / "x").stat().st_mode) for name in "ab"] == [0o600, 0o640]
