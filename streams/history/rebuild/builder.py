"""Builds all states anew while the system runs: nothing is written to it, and no existing file is changed.

First the lake's contents are noted, then the running system is copied, then the lake is read: so each erasure that the
lake knows of is carried out in the copy, and nothing forgotten comes back from history. The file `rebuild.json` beside
the manifest says up to which offsets `interactions` is folded.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events.json_types import UNREADABLE
from sinks.lake.erasure import commands_received_at
from sinks.lake.files import open_files
from streams.history.rebuild.buckets import (
    add_states,
    add_tail,
    delete_folder,
    lake_contents,
    sort_lake,
    tail_range,
    traces_of,
)
from streams.history.rebuild.prior_states import PriorState, command_times_to_rows, earliest_times
from streams.history.rebuild.state_files import FoldTask, StateFiles, write_state_files
from streams.history.rebuild.topic_tail import topic_id_of
from streams.operations.backup.backup_run import take_backup
from streams.operations.backup.manifest import NAME, POLICY, Manifest, write_manifest
from streams.operations.backup.manifest import contacts_file as contacts_file_of
from streams.operations.backup.record_files import BackupError, FileEntry, open_new, write_records
from streams.platform.settings import Settings

POSITIONS = "rebuild.json"


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
    with open_new(directory / POSITIONS) as file:
        file.write(msgspec.json.format(msgspec.json.encode(positions)))
        file.flush()
        os.fsync(file.fileno())


def read_positions(directory: Path) -> Positions:
    """Read the file. Raises `BackupError` where there is none."""
    try:
        return msgspec.json.decode((directory / POSITIONS).read_bytes(), type=Positions)
    except (OSError, *UNREADABLE) as error:
        raise BackupError(f"{directory} was not made by `harmonia rebuild build`, or not finished") from error


WORK = "work"
"""A folder of a build in progress: where there is one and no manifest, a build may begin anew."""

TRACES = "traces.zst"
_FOLDERS = frozenset({WORK, "system", "sorted", "folded"})
_FILES = frozenset({POSITIONS, POLICY})


class RebuildPlan(NamedTuple):
    """What to build from and where. `patience_s`: how long to wait for erasures on their way."""

    lake: str
    directory: Path
    processes: int
    patience_s: float


class BuildResult(NamedTuple):
    """What was built. `from_lake`, `from_topic`: interactions; `nobody`: those without a contact."""

    manifest: Manifest
    from_lake: int
    from_topic: int
    nobody: int
    outcomes: Counter[str]


def build(settings: Settings, plan: RebuildPlan, say: Callable[[str], None]) -> BuildResult:
    """Fold history again into a new directory. Raises `BackupError`, `Damaged`, OSError and Kafka's errors."""
    work = plan.directory / WORK
    _begin(plan.directory)
    topic_id = asyncio.run(topic_id_of(settings))
    lake = lake_contents(plan.lake, topic_id, settings.partitions)
    in_lake = commands_received_at(
        open_files(plan.lake)
    )  # before anything else, since `lake erase` removes the commands
    system = asyncio.run(take_backup(settings, work / "system", plan.patience_s))
    say(f"the running system was copied: {system.contacts} records")
    gathered = sort_lake(lake, work / "sorted", plan.processes)
    from_lake = gathered.rows
    tail = tail_range(topic_id, lake.ends, system)
    gathered, folded, in_tail = add_tail(settings, tail, work / "sorted", gathered)
    heard = earliest_times(in_lake, in_tail)
    from_topic = gathered.rows - from_lake
    say(f"{gathered.rows} interactions of somebody sorted, {from_topic} of them from the topic")
    gathered = add_states(PriorState.KNOWN, work / "system", system.partitions, work / "sorted", gathered)
    write_records(work / TRACES, traces_of(work / "system", system.partitions))
    task = FoldTask(lake.place, work / TRACES, work / "folded", system.partitions, heard)
    made = write_state_files(task, gathered, plan.directory, plan.processes, say)
    manifest = complete_backup(work / "system", plan.directory, system, made)
    write_positions(plan.directory, Positions(topic_id, folded, dict(made.outcomes), command_times_to_rows(heard)))
    write_manifest(plan.directory, manifest)
    delete_folder(work)
    return BuildResult(manifest, from_lake, from_topic, gathered.without, made.outcomes)


def complete_backup(system: Path, directory: Path, manifest: Manifest, made: StateFiles) -> Manifest:
    """Add a backup's other files to the contact files that were made; returns the manifest of the whole."""
    names = {contacts_file_of(number) for number in range(manifest.partitions)}
    others = [file for file in manifest.files if file.name not in names]
    for file in others:
        (directory / file.name).hardlink_to(system / file.name)
    files: list[FileEntry] = [*made.files, *others]
    return replace(manifest, contacts=sum(file.records for file in made.files), files=files)


def _begin(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = _names_in(directory)
        ours = all(map(_is_ours, found | _names_in(directory / WORK)))
        if found and (WORK not in found or NAME in found or not ours):
            raise BackupError(f"{directory} is not empty: name a new directory, or delete this one")
        for path in directory.iterdir():  # left by a build that was killed
            if path.name != WORK:
                path.unlink()
        delete_folder(directory / WORK)
        (directory / WORK).mkdir(mode=0o700)
    except OSError as error:
        raise BackupError(f"{directory} cannot be written to: {error.strerror}") from error


def _names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _is_ours(name: str) -> bool:
    """Whether a build that was killed may have left a file of this name; anything else is not ours to delete."""
    return name in _FOLDERS or name in _FILES or name.endswith((".zst", ".part"))
