"""Builds a state anew while the system runs: nothing of it is written to, and what is there already stays as it is.

First it is seen what the lake holds, then the running system is copied, then the lake is read: so whatever erasure the
lake knows of has been carried out in the copy, and nothing of history comes back that was forgotten.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from sinks.lake.erasure import commands_received_at
from sinks.lake.files import open_files
from streams.history.rebuild.buckets import add_states, add_tail, clear, gather_lake, lake_now, tail_until, traces_of
from streams.history.rebuild.erasure_commands import said, together
from streams.history.rebuild.folded_positions import NAME as POSITIONS
from streams.history.rebuild.folded_positions import Positions, write_positions
from streams.history.rebuild.known_fragments import Kind
from streams.history.rebuild.state_files import Made, Work, advance
from streams.history.rebuild.topic_tail import topic_id_of
from streams.operations.backup.errors import BackupError
from streams.operations.backup.manifest import NAME, POLICY, Manifest, write_manifest
from streams.operations.backup.manifest import contacts_file as contacts_file_of
from streams.operations.backup.record_files import File, write_records
from streams.operations.backup.taking import take_backup
from streams.platform.settings import Settings

WORK = "work"
"""A folder of what is being built: whoever finds one, and no manifest, may begin anew."""

TRACES = "traces.zst"
_FOLDERS = frozenset({WORK, "system", "sorted", "folded"})
_FILES = frozenset({POSITIONS, POLICY})


class Plan(NamedTuple):
    """`patience_s`: how long to wait for erasures on their way."""

    lake: str
    directory: Path
    processes: int
    patience_s: float


class Built(NamedTuple):
    """`interactions`: from the lake, and from the topic behind it; `nobody`: of them those of nobody."""

    manifest: Manifest
    from_lake: int
    from_topic: int
    nobody: int
    outcomes: Counter[str]


def build(settings: Settings, plan: Plan, say: Callable[[str], None]) -> Built:
    """Fold history again into a new directory. Raises `BackupError`, `Damaged`, OSError and Kafka's errors."""
    work = plan.directory / WORK
    _begin(plan.directory)
    topic_id = asyncio.run(topic_id_of(settings))
    lake = lake_now(plan.lake, topic_id, settings.partitions)
    in_lake = commands_received_at(open_files(plan.lake))  # now: `lake erase` takes the commands out
    system = asyncio.run(take_backup(settings, work / "system", plan.patience_s))
    say(f"the running system was copied: {system.contacts} records")
    gathered = gather_lake(lake, work / "sorted", plan.processes)
    from_lake = gathered.rows
    tail = tail_until(topic_id, lake.ends, system)
    gathered, folded, in_tail = add_tail(settings, tail, work / "sorted", gathered)
    heard = together(in_lake, in_tail)
    from_topic = gathered.rows - from_lake
    say(f"{gathered.rows} interactions of somebody sorted, {from_topic} of them from the topic")
    gathered = add_states(Kind.KNOWN, work / "system", system.partitions, work / "sorted", gathered)
    write_records(work / TRACES, traces_of(work / "system", system.partitions))
    todo = Work(lake.place, work / TRACES, work / "folded", system.partitions, heard)
    made = advance(todo, gathered, plan.directory, plan.processes, say)
    manifest = complete(work / "system", plan.directory, system, made)
    write_positions(plan.directory, Positions(topic_id, folded, dict(made.outcomes), said(heard)))
    write_manifest(plan.directory, manifest)
    clear(work)
    return Built(manifest, from_lake, from_topic, gathered.without, made.outcomes)


def complete(system: Path, directory: Path, manifest: Manifest, made: Made) -> Manifest:
    """Put to the contacts that were made what else a backup holds; what the manifest of both is."""
    names = {contacts_file_of(number) for number in range(manifest.partitions)}
    others = [file for file in manifest.files if file.name not in names]
    for file in others:
        (directory / file.name).hardlink_to(system / file.name)
    files: list[File] = [*made.files, *others]
    return replace(manifest, contacts=sum(file.records for file in made.files), files=files)


def _begin(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = _names_in(directory)
        ours = all(map(_is_ours, found | _names_in(directory / WORK)))
        if found and (WORK not in found or NAME in found or not ours):
            raise BackupError(f"{directory} is not empty: name a new directory, or delete this one")
        for path in directory.iterdir():  # one that was killed has left it
            if path.name != WORK:
                path.unlink()
        clear(directory / WORK)
        (directory / WORK).mkdir(mode=0o700)
    except OSError as error:
        raise BackupError(f"{directory} cannot be written to: {error.strerror}") from error


def _names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _is_ours(name: str) -> bool:
    """Whether a build that was killed may have left it; what else is there is somebody's, and not ours to delete."""
    return name in _FOLDERS or name in _FILES or name.endswith((".zst", ".part"))
