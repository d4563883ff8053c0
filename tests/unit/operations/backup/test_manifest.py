from pathlib import Path

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from streams.operations.backup.manifest import (
    FORMAT,
    Manifest,
    identity_of,
    read_manifest,
    require_identity,
    require_whole,
    write_manifest,
)
from streams.operations.backup.record_files import BackupError, Record, write_records
from streams.platform.settings import Settings

SETTINGS = Settings(identity_key=SecretStr("new,old"), phone_region="US")
NOON = "2012-11-06T12:00:00.000Z"


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    file = write_records(tmp_path / "contacts-0.zst", [Record(0, b"ada", b"state")])
    return Manifest(FORMAT, "0.1", NOON, NOON, NOON, 1, 0, identity_of(SETTINGS), 1, [7], [9], [file])


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path, manifest: Manifest) -> None:
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    require_whole(tmp_path, manifest)


def test_a_manifest_holds_no_key(tmp_path: Path, manifest: Manifest) -> None:
    write_manifest(tmp_path, replace(manifest, identity=identity_of(Settings(identity_key=SecretStr("hush-hush")))))
    assert "hush" not in (tmp_path / "manifest.json").read_text()


def test_a_directory_without_a_manifest_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="was not finished"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("spoilt", ["{", '{"format": 1}', "[]"])
def test_an_unreadable_manifest_is_named(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / "manifest.json").write_text(spoilt)
    with pytest.raises(BackupError, match=r"manifest\.json cannot be read"):
        read_manifest(tmp_path)


def test_a_manifest_of_another_format_names_the_version_that_reads_it(tmp_path: Path, manifest: Manifest) -> None:
    write_manifest(tmp_path, replace(manifest, format=FORMAT + 1))
    with pytest.raises(BackupError, match=r"use Harmonia 0\.1"):
        read_manifest(tmp_path)


def test_a_manifest_from_before_the_first_release_names_the_cure(tmp_path: Path, manifest: Manifest) -> None:
    write_manifest(tmp_path, replace(manifest, format=FORMAT - 1))
    with pytest.raises(BackupError, match=r"was written before 0\.1\.0: rebuild from the lake"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("happened", ["changed", "gone"])
def test_a_backup_file_that_was_changed_is_named(tmp_path: Path, manifest: Manifest, happened: str) -> None:
    path = tmp_path / "contacts-0.zst"
    if happened == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BackupError, match=r"contacts-0\.zst is not as it was written"):
        require_whole(tmp_path, manifest)


@pytest.mark.parametrize("keys", ["new,old", "old,new", "newest,new,old"])
def test_identity_keys_that_include_the_backups_are_accepted(manifest: Manifest, keys: str) -> None:
    require_identity(manifest, Settings(identity_key=SecretStr(keys)))


@pytest.mark.parametrize("keys", ["new", "old", "another"])
def test_a_restore_without_the_backups_identity_key_is_refused_by_the_settings_name(
    manifest: Manifest, keys: str
) -> None:
    with pytest.raises(BackupError, match="HARMONIA_IDENTITY_KEY") as refused:
        require_identity(manifest, Settings(identity_key=SecretStr(keys)))
    assert "old" not in str(refused.value)


def test_other_identity_settings_than_the_backups_are_refused(manifest: Manifest) -> None:
    with pytest.raises(BackupError, match="HARMONIA_PHONE_REGION"):
        require_identity(manifest, SETTINGS.model_copy(update={"phone_region": "CA"}))
    with pytest.raises(BackupError, match="HARMONIA_GMAIL_ALIASES"):
        require_identity(manifest, SETTINGS.model_copy(update={"gmail_aliases": True}))
