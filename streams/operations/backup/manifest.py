"""The manifest of a backup. It is written last: a directory without a manifest is no backup."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from events.json_types import UNREADABLE
from streams.operations.backup.record_files import BackupError, FileEntry, open_new, sha256_of
from streams.platform.settings import Settings

FORMAT = 2
"""Versions before 0.1.0 wrote format 1, which is not used again."""
NAME = "manifest.json"
POLICY = "policy.toml"
ERASURES = "erasures.zst"
HOLDS = "campaign-holds.zst"
RIGHTS = "rights-requests.zst"
TRANSPARENCY = "campaign-transparency.zst"
DEFINITIONS = "experiment-definitions.zst"
SEGMENTS = "segment-definitions.zst"


class Identity(Struct, frozen=True):
    """What the hashes of identifiers depend on. `keys`: ids of the keys, from which no key can be told."""

    keys: list[str]
    phone_region: str
    gmail_aliases: bool


class Manifest(Struct, frozen=True):
    """What a backup holds. Times in RFC 3339. `generation` and `partitions`: of the tables.

    `complete_until`: everything that the broker had before it is in the backup; producers send again from there.
    `changelog`, `interactions`: by partition, the offset up to which each was read.
    """

    format: int
    software: str
    began_at: str
    ended_at: str
    complete_until: str
    partitions: int
    generation: int
    identity: Identity
    contacts: int
    changelog: list[int]
    interactions: list[int]
    files: list[FileEntry]


def contacts_file(partition: int) -> str:
    """The file name of a partition of the contacts."""
    return f"contacts-{partition}.zst"


def interactions_file(partition: int) -> str:
    """The file name of the interactions that a partition had not folded yet."""
    return f"interactions-{partition}.zst"


def identity_of(settings: Settings) -> Identity:
    """The identity settings."""
    return Identity(settings.hasher.key_ids, settings.phone_region, settings.gmail_aliases)


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write the manifest, which makes the directory a backup."""
    part = directory / f"{NAME}.part"
    with open_new(part) as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest)))
        file.flush()
        os.fsync(file.fileno())
    part.replace(directory / NAME)


def read_manifest(directory: Path) -> Manifest:
    """Read the manifest. Raises `BackupError` where there is none, or none that this version can read."""
    try:
        raw = (directory / NAME).read_bytes()
    except OSError as error:
        raise BackupError(f"{directory} is no backup: it has no {NAME}, so it was not finished") from error
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except UNREADABLE as error:
        raise BackupError(f"{directory / NAME} cannot be read: {error}") from error
    if manifest.format < FORMAT:
        raise BackupError(f"{directory} was written before 0.1.0: rebuild from the lake (docs/upgrades.md)")
    if manifest.format > FORMAT:
        raise BackupError(f"{directory} is of format {manifest.format}, not {FORMAT}: use Harmonia {manifest.software}")
    return manifest


def require_whole(directory: Path, manifest: Manifest) -> None:
    """Raise `BackupError` that names a file which is missing or changed."""
    for file in manifest.files:
        path = directory / file.name
        if not path.is_file() or sha256_of(path) != file.sha256:
            raise BackupError(f"{path} is not as it was written: use another backup")


def require_identity(manifest: Manifest, settings: Settings) -> None:
    """Raise `BackupError` unless these settings hash the backup's people to the same ids."""
    was, now = manifest.identity, identity_of(settings)
    missing = [key for key in was.keys if key not in now.keys]
    if missing:
        raise BackupError(
            f"HARMONIA_IDENTITY_KEY: the key with the id {missing[0]} is not among those that are set; without it "
            "nobody of the backup would be known again. It is in your secret store, not in the backup"
        )
    if was.phone_region != now.phone_region:
        raise BackupError(f"HARMONIA_PHONE_REGION: it was {was.phone_region} when the backup was taken; set it so")
    if was.gmail_aliases != now.gmail_aliases:
        raise BackupError(f"HARMONIA_GMAIL_ALIASES: it was {was.gmail_aliases} when the backup was taken; set it so")
