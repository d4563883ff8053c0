"""How the lake is opened and read."""

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE
from typing import BinaryIO, cast

import fsspec
import msgspec
import orjson
import pyarrow as pa
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from typer.testing import CliRunner

from sinks.lake.compaction import compact
from sinks.lake.erasure import erase
from sinks.lake.erasure_list import Erasures
from sinks.lake.files import Files, LocalFiles, RemoteFiles, open_files
from sinks.lake.live_files import Checkpoint, find_live_files
from sinks.lake.manifests import LakeFile, OffsetRange, begin, encode, is_lake, name_of
from sinks.lake.parquet import read_columns, read_parquet, write_parquet
from sinks.lake.rewrites import Rewrite, manifest_of
from sinks.lake.schema import INTERACTIONS_SCHEMA
from sinks.lake.snapshots import Snapshot, SnapshotWriter
from sinks.lake.snapshots import manifest_of as snapshot_of
from streams.cli.main import app
from streams.history.lake.input_files import Selection, parse_moment, types_named
from streams.history.lake.row_reading import read_file_rows
from streams.history.refold.lake_source import read_batches
from streams.platform.errors import LakeStopped
from streams.platform.lake_files import lake_files_of
from streams.platform.settings import Settings
from tests.unit.events.records import event
from tests.unit.history.lake.topic_records import DAY, TOPIC_ID


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


TOMORROW = "2012-02-23"
HERE = "interactions/date=2012-02-22/type=email.sent/a.parquet"
BAD = ["../outside/donations", "interactions/../../outside/donations", "_manifests/interactions/x.json", "erasures"]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What is not the lake's: a file, beside the lake."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "donations").write_text("precious")
    return tmp_path / "outside" / "donations"


@pytest.fixture
def lake(tmp_path: Path, outside: Path) -> Files:
    files = LocalFiles(tmp_path / "lake")
    begin(files)
    return files


def write(files: Files, name: str, manifest: msgspec.Struct) -> None:
    assert files.create(name, encode(manifest), "_staging/draft")


def damage(act: Callable[[], object]) -> str:
    with pytest.raises(Exception, match="is no manifest of the lake") as refused:
        act()
    assert type(refused.value).__name__ == "LakeDamaged"
    return str(refused.value)


def rewrite_of(files: Files, old: str = HERE, new: str = HERE, writer: str = "w") -> None:
    write(files, manifest_of(0), Rewrite(0, writer, (old,), (LakeFile(new, 1, 1),)))


@pytest.mark.parametrize("name", [*BAD, "{}", "interactions/a\0b"])
@pytest.mark.parametrize("merging", [True, False])
def test_a_lake_rewrite_deletes_nothing_outside_the_lake(lake: Files, outside: Path, name: str, merging: bool) -> None:
    rewrite_of(lake, old=name.format(outside))

    said = damage(lambda: compact(lake, TOMORROW) if merging else erase(lake, Erasures()))

    assert "see $.old[" in said
    assert str(outside) not in said
    assert outside.read_text() == "precious"


@pytest.mark.parametrize("name", [*BAD, "{}"])
def test_a_lake_rewrite_moves_nothing_out_of_the_lake(lake: Files, outside: Path, name: str) -> None:
    rewrite_of(lake, new=name.format(outside))
    with lake.writing(f"_staging/rewrites/{0:020}/w/x") as file:
        file.write(b"bad")

    assert "see $.new[" in damage(lambda: compact(lake, TOMORROW))
    assert outside.read_text() == "precious"


def test_no_manifest_of_a_range_snapshot_or_checkpoint_leads_outside_the_lake(lake: Files, outside: Path) -> None:
    for number, topic_id in enumerate(["../../../outside", "..", "/outside"]):
        write(lake, name_of(TOPIC_ID, 0, number), OffsetRange(topic_id, 0, number, number, "w"))
        assert "see $.topic_id" in damage(lambda: find_live_files(lake))
        lake.delete(name_of(TOPIC_ID, 0, number))
    for writer in ("..", "../..", "a/b", "", "."):
        rewrite_of(lake, writer=writer)
        assert "see $.writer" in damage(lambda: find_live_files(lake))
        lake.delete(manifest_of(0))
    for name in BAD:
        checkpoint = f"_manifests/checkpoints/{0:020}.json"
        write(lake, checkpoint, Checkpoint({}, (), 0, (LakeFile(name, 1, 1),)))
        assert "see $.files[" in damage(lambda: find_live_files(lake))
        lake.delete(checkpoint)
    write(lake, snapshot_of(TOMORROW), Snapshot("..", 0, "w", ()))
    assert "see $.date" in damage(SnapshotWriter(lake, TOMORROW, 0).is_taken)
    assert outside.read_text() == "precious"


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


MARCH = parse_moment("2012-03-01") or 0


def test_a_selection_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    day = Selection(MARCH, MARCH + DAY, frozenset({"email.sent"}))

    assert [day.takes("email.sent", at) for at in (MARCH - 1, MARCH, MARCH + DAY - 1, MARCH + DAY)] == [
        *(False, True, True, False)
    ]
    assert not day.takes("email.opened", MARCH)


@pytest.mark.parametrize(
    ("date", "type_", "may"),
    [
        ("2012-02-29", "", False),
        ("2012-03-01", "", True),
        ("2012-03-02", "", False),
        ("", "", True),
        ("2012-03-01", "donation.made", False),
        ("2012-03-01", "email.sent", True),
    ],
)
def test_folders_without_selected_rows_are_passed_over(date: str, type_: str, may: bool) -> None:
    selection = Selection(MARCH + 1, MARCH + 2, frozenset({"email.sent"}))

    assert selection.may_take(date, type_) is may


def test_types_are_selected_by_name_and_by_pattern() -> None:
    assert types_named(["donation.*,form.submitted", "email.sent"]) == {
        *("donation.made", "donation.refunded", "donation.charge_failed", "donation.pledge_cancelled"),
        *("form.submitted", "email.sent"),
    }
    with pytest.raises(ValueError, match=r"email\.snet"):
        types_named(["email.sent,email.snet"])


@pytest.mark.parametrize("text", ["yesterday", "2012-13-01", "2012-02-22T00:00:00", ""])
def test_a_selection_takes_no_time_without_an_offset(text: str) -> None:
    assert parse_moment(text) is None
