"""The place of the lake: one that cannot be a lake is refused with the setting and the cure."""

from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from typer.testing import CliRunner

from sinks.lake.files import LocalFiles, RemoteFiles, open_files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import begin, is_lake
from streams.cli.main import app
from streams.platform.errors import LakeStopped
from streams.platform.lake_files import lake_files_of
from streams.platform.settings import Settings


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
