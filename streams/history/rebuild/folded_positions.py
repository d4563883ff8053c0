"""Up to where a rebuilt state has folded `interactions`: a file beside the manifest of what was built."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from streams.operations.backup.errors import BackupError
from streams.operations.backup.record_files import open_new

NAME = "rebuild.json"


class Positions(Struct, frozen=True):
    """`topic_id`: of `interactions`; `folded`: by partition the offset behind the last one that is in the states.

    `heard`: source and id of commands to erase somebody, and when the broker got them (ms).
    """

    topic_id: str
    folded: list[int]
    outcomes: dict[str, int] = {}
    heard: list[tuple[str, str, int]] = []


def write_positions(directory: Path, positions: Positions) -> None:
    """To be called before the manifest is written."""
    with open_new(directory / NAME) as file:
        file.write(msgspec.json.format(msgspec.json.encode(positions)))
        file.flush()
        os.fsync(file.fileno())


def read_positions(directory: Path) -> Positions:
    """Raises `BackupError` where there are none."""
    try:
        return msgspec.json.decode((directory / NAME).read_bytes(), type=Positions)
    except (OSError, msgspec.DecodeError) as error:
        raise BackupError(f"{directory} was not made by `harmonia rebuild build`, or not finished") from error
