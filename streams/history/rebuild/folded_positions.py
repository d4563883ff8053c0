"""Offsets up to which a rebuilt state has folded `interactions`: the file `rebuild.json` beside its manifest."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from streams.operations.backup.errors import BackupError
from streams.operations.backup.record_files import open_new

NAME = "rebuild.json"


class Positions(Struct, frozen=True):
    """How far a rebuilt state has come. `topic_id`: of `interactions`.

    `folded`: by partition the offset behind the last record in the states. `heard`: source and id of erasure commands,
    and when the broker got them (ms).
    """

    topic_id: str
    folded: list[int]
    outcomes: dict[str, int] = {}
    heard: list[tuple[str, str, int]] = []


def write_positions(directory: Path, positions: Positions) -> None:
    """Write the file; to be called before the manifest is written."""
    with open_new(directory / NAME) as file:
        file.write(msgspec.json.format(msgspec.json.encode(positions)))
        file.flush()
        os.fsync(file.fileno())


def read_positions(directory: Path) -> Positions:
    """Read the file. Raises `BackupError` where there is none."""
    try:
        return msgspec.json.decode((directory / NAME).read_bytes(), type=Positions)
    except (OSError, msgspec.DecodeError) as error:
        raise BackupError(f"{directory} was not made by `harmonia rebuild build`, or not finished") from error
