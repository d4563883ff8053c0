"""The place of a lake: who may read it, what is refused, and how many threads read."""

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE
from typing import BinaryIO, cast

import fsspec
import orjson
import pyarrow as pa
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from typer.testing import CliRunner

from sinks.lake.files import LocalFiles, RemoteFiles, open_files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import begin, is_lake
from sinks.lake.parquet import read_columns, read_parquet, write_parquet
from sinks.lake.schema import INTERACTIONS_SCHEMA
from streams.cli.main import app
from streams.history.lake.row_reading import read_file_rows
from streams.history.refold.lake_source import read_batches
from streams.platform.errors import LakeStopped
from streams.platform.lake_files import lake_files_of
from streams.platform.settings import Settings
from tests.unit.events.records import event


class Overwriting(MemoryFileSystem):  # type: ignore[misc]
    protocol = "overwriting"

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: object) -> None:
        super().pipe_file(path, value, mode="overwrite")


fsspec.register_implementation("overwriting", Overwriting, clobber=True)


def refusal(place: str | None) -> str:
    with pytest.raises(LakeStopped) as stopped:
        lake_files_of(Settings(lake=place))
    return str(stopped.value)


def test_opening_a_lake_at_a_folder_or_uri_leaves_nothing_in_it(tmp_path: Path) -> None:
    for place in (str(tmp_path / "a"), (tmp_path / "b").as_uri(), "memory://lake-of-a-test"):
        files = lake_files_of(Settings(lake=place))
        assert isinstance(files, RemoteFiles if place.startswith("memory") else LocalFiles)
        assert files.below("") == []


def test_a_lake_command_without_a_place_names_the_setting() -> None:
    assert refusal(None).startswith("HARMONIA_LAKE is not set: name a folder, or a URI")


def test_a_lake_on_an_unknown_store_or_one_without_its_package_is_refused() -> None:
    assert refusal("nowhere://lake") == "HARMONIA_LAKE: nowhere:// is no file system that fsspec knows"
    assert refusal("gdrive://lake").startswith("HARMONIA_LAKE: gdrive:// needs a Python package that is not installed")


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("s3://key:secret@bucket/lake", "credentials do not belong into a URI: give them in the environment"),
        ("s3:///lake", "s3:// needs a bucket: s3://bucket/lake"),
        ("s3://bucket/lake?endpoint=x", "what follows the path of s3:// is not understood: s3:// takes ?endpoint_ov"),
        ("gs://bucket/lake?region=x", "what follows the path of gs:// is not understood: s3:// takes ?endpoint_over"),
    ],
)
def test_a_malformed_lake_uri_is_refused_without_repeating_a_secret(place: str, why: str) -> None:
    assert refusal(place).startswith(f"HARMONIA_LAKE: {why}")
    assert "secret" not in refusal(place)


def test_a_lakes_address_leaves_out_the_endpoint() -> None:
    for override in ("http://127.0.0.1:1", "127.0.0.1:1&scheme=http"):
        files = open_files(f"s3://bucket/some/lake?endpoint_override={override}&region=us-east-1")
        assert files.address("interactions") == "s3://bucket/some/lake/interactions"


def test_a_lake_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert refusal(str(tmp_path / "file")) == "HARMONIA_LAKE: cannot be written to: Not a directory"


def test_a_lake_store_that_overwrites_objects_is_refused() -> None:
    assert refusal("overwriting://lake").endswith("and this one overwrites it")


@pytest.mark.parametrize("place", ["{}/typo", "memory://typo"])
@pytest.mark.parametrize(
    "words",
    [
        *(["lake", name] for name in ("snapshot", "compact", "erase", "views")),
        ["lake", "views", "--exact"],
        ["lake", "fold", "--out", "{}/folded"],
        ["rebuild", "build", "{}/built"],
        ["insights", "email.sent"],
        ["report", "daily"],
    ],
)
def test_a_missing_lake_is_not_taken_for_an_empty_one(
    words: list[str], place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HARMONIA_LAKE", place.format(tmp_path))

    ended = CliRunner().invoke(app, [word.format(tmp_path) for word in words])

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"there is no lake at {open_files(place.format(tmp_path)).address('')}: set ")
    assert list(tmp_path.iterdir()) == []


def test_a_lake_without_any_row_is_a_lake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARMONIA_LAKE", "memory://begun")
    files = open_files("memory://begun")

    assert not is_lake(files)
    begin(files)
    begin(files)
    assert is_lake(files)
    assert find_live_files(files).files == {}
    assert CliRunner().invoke(app, ["lake", "views"]).exit_code == 0


def test_lake_compact_takes_days_and_lake_views_print_sql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARMONIA_LAKE", str(tmp_path))
    begin(LocalFiles(tmp_path))

    assert CliRunner().invoke(app, ["lake", "compact", "--older-than", "soon"]).exit_code == 2
    assert CliRunner().invoke(app, ["lake", "compact", "--older-than", "0d"]).output == "0 files became 0, 0 rows\n"
    assert "CREATE OR REPLACE VIEW donations" in CliRunner().invoke(app, ["lake", "views"]).output


def test_a_lakes_address_is_in_the_form_that_readers_open(tmp_path: Path) -> None:
    assert open_files(str(tmp_path)).address("interactions") == f"{tmp_path}/interactions"
    assert open_files("memory://lake").address("interactions") == "memory:///lake/interactions"


# Who may read a lake that is a folder: whatever the umask says, its owner alone, or its group as well.
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


EVENT = orjson.dumps(event())
NAME = "part.parquet"
ROWS = 3
Reading = Callable[[LocalFiles], int]
"""Reads the file whole and says how many rows it had."""


class _Noted(io.FileIO):
    """A file that notes which threads read it."""

    def __init__(self, path: Path, readers: set[int]) -> None:
        super().__init__(path)
        self._readers = readers

    def read(self, size: int | None = -1, /) -> bytes:
        self._readers.add(threading.get_ident())
        return super().read(size) or b""


class _NotingFiles(LocalFiles):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.readers: set[int] = set()

    def open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, _Noted(self._root / name, self.readers))


@pytest.mark.parametrize(
    "read",
    [
        lambda files: len(read_parquet(files, NAME, INTERACTIONS_SCHEMA)),
        lambda files: len(read_columns(files, NAME, ["event"])),
        lambda files: sum(map(len, read_batches(files, NAME))),
        lambda files: sum(1 for _ in read_file_rows(files, NAME)),
    ],
    ids=["whole", "some columns", "to fold again", "to replay"],
)
def test_only_the_thread_that_asks_reads_a_parquet_file(tmp_path: Path, read: Reading) -> None:
    """A thread of Arrow that still holds a file of Python as the program ends aborts the program."""
    files = _NotingFiles(tmp_path)
    with files.writing(NAME) as file:
        write_parquet(_rows(), file)

    assert read(files) == ROWS
    assert files.readers == {threading.get_ident()}


def _rows() -> pa.Table:
    known = {"event": [EVENT] * ROWS, "fragment": ["email:0"] * ROWS}
    return pa.table(
        [pa.array(known.get(field.name, [None] * ROWS), field.type) for field in INTERACTIONS_SCHEMA],
        schema=INTERACTIONS_SCHEMA,
    )
