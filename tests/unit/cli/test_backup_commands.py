"""What `harmonia backup` and `harmonia restore` refuse before they ask any server."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from streams.cli.main import app
from streams.operations.backup.manifest import FORMAT, Manifest, identity_of, write_manifest
from streams.operations.backup.record_files import Record, write_records
from streams.platform.settings import Settings

NOON = "2012-11-06T12:00:00.000Z"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("HARMONIA_IDENTITY_KEY", "secret")
    monkeypatch.setenv("HARMONIA_PARTITIONS", "4")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A backup of four partitions."""
    file = write_records(tmp_path / "contacts-0.zst", [Record(0, b"ada", b"state")])
    identity = identity_of(Settings(identity_key=SecretStr("secret")))
    write_manifest(tmp_path, Manifest(FORMAT, "0.1", NOON, NOON, NOON, 4, 2, identity, 1, [7], [9], [file]))
    return tmp_path


def refused(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, words)
    return result.exit_code, " ".join(result.stderr.split())


def test_a_backup_needs_somewhere_to_go() -> None:
    assert refused("backup") == (2, "name a directory, or a file with --erasures")


def test_another_key_is_refused_before_anything_is_asked(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARMONIA_IDENTITY_KEY", "another")
    code, said = refused("restore", str(copy))
    assert (code, said.startswith("HARMONIA_IDENTITY_KEY")) == (1, True)


@pytest.mark.parametrize(("words", "setting"), [((), "6"), (("--partitions", "6"), "4")])
def test_another_number_of_partitions_has_to_be_meant(
    copy: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], setting: str
) -> None:
    monkeypatch.setenv("HARMONIA_PARTITIONS", setting)
    code, said = refused("restore", str(copy), *words)
    assert (code, said.startswith(f"HARMONIA_PARTITIONS is {setting}")) == (2, True)


def test_a_generation_that_readers_would_ignore_is_refused(copy: Path) -> None:
    code, said = refused("restore", str(copy), "--generation", "2")
    assert (code, said) == (2, "--generation: the backup is of generation 2: give a higher one")


def test_a_file_of_erasures_that_is_none_names_the_line(copy: Path) -> None:
    (copy / "since.jsonl").write_text('{"trace":"/0","time":1,"source":"a","id":"1"}\nnobody\n')
    code, said = refused("restore", str(copy), "--erasures", str(copy / "since.jsonl"))
    assert (code, said.startswith("--erasures: line 2 of")) == (1, True)
