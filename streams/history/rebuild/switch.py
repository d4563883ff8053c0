"""Replaces the running state with what was built: a new generation, brought up to where the workers stopped.

The stopped system is copied once more, the records after what was built are folded in, and the result, a backup of the
same system with other states, is restored as any backup is.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from events.topics import INTERACTIONS
from streams.history.rebuild.buckets import add_states, add_tail, buckets_for, delete_folder, tail_range, traces_of
from streams.history.rebuild.builder import TRACES, WORK, Positions, complete_backup, read_positions
from streams.history.rebuild.prior_states import PriorState, command_times_from_rows, earliest_times
from streams.history.rebuild.state_files import FoldTask, write_state_files
from streams.history.rebuild.topic_tail import count_between, topic_id_of
from streams.operations.backup.backup_run import take_backup
from streams.operations.backup.manifest import (
    NAME,
    Manifest,
    read_manifest,
    require_identity,
    require_whole,
    write_manifest,
)
from streams.operations.backup.record_files import BackupError, write_records
from streams.operations.backup.restore import RestorePlan, restore_backup
from streams.operations.backup.target_topics import require_no_workers
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

BEFORE = "before"
"""Folder of the backup of the system as it was."""

SWITCHED = "switched"
"""Folder of the backup with the rebuilt states, which is restored."""


class SwitchResult(NamedTuple):
    """What was switched to. `from_topic`: interactions that came after what was built."""

    fragments: int
    generation: int
    from_topic: int


def switch(
    settings: Settings, directory: Path, processes: int, patience_s: float, say: Callable[[str], None]
) -> SwitchResult:
    """Restore what was built as a generation of `settings.partitions` partitions.

    Nothing running is touched until all is ready. Raises `BackupError`, OSError and Kafka's errors.
    """
    manifest, positions = read_manifest(directory), read_positions(directory)
    require_identity(manifest, settings)
    require_whole(directory, manifest)
    require_no_workers(KafkaClients(settings), settings.app_id, "switching")
    running = settings.model_copy(update={"partitions": manifest.partitions})
    _require_the_topic(running, positions)
    require_caught_up(running, positions)
    before = _copy(running, directory, patience_s)
    say(f"the system as it is was copied into {directory / BEFORE}")
    from_topic = _bring_up(running, directory, positions, processes, say)
    switched = read_manifest(directory / SWITCHED)
    generation = before.generation + 1
    plan = RestorePlan(directory / SWITCHED, switched, generation, replace=True)
    fragments = asyncio.run(restore_backup(settings, plan))
    return SwitchResult(fragments, generation, from_topic)


def _require_the_topic(settings: Settings, positions: Positions) -> None:
    if asyncio.run(topic_id_of(settings)) != positions.topic_id:
        raise BackupError("`interactions` has been made anew since this was built: build anew")


def require_caught_up(settings: Settings, positions: Positions) -> None:
    """Raise `BackupError` where something was folded that the workers have not come to; Kafka's errors.

    Workers would take it for a copy, and neither count it for campaigns nor judge it. Offsets alone do not tell: behind
    the last record may be markers of transactions, which the lake counts and workers do not.
    """
    done = KafkaClients(settings).committed_by(settings.app_id)
    begins = [done.get((INTERACTIONS, number), 0) for number in range(len(positions.folded))]
    ahead = asyncio.run(count_between(settings, begins, positions.folded))
    if ahead:
        raise BackupError(
            f"{ahead} interactions are in what was built and were not done by the workers, since the lake was ahead of "
            "them: campaigns would never count these. Start the workers until they have caught up, and switch then"
        )


def _copy(settings: Settings, directory: Path, patience_s: float) -> Manifest:
    """Copy the stopped system, in place of what an unfinished attempt has left."""
    if (directory / SWITCHED / NAME).exists():
        raise BackupError(
            f"it was switched to {directory} before, or nearly: where that was cut short, no worker starts, and "
            f"`harmonia restore {directory / SWITCHED} --replace` ends it; else build anew, in another directory"
        )
    delete_folder(directory / BEFORE)
    return asyncio.run(take_backup(settings, directory / BEFORE, patience_s))


def _bring_up(
    settings: Settings, directory: Path, positions: Positions, processes: int, say: Callable[[str], None]
) -> int:
    """Write the backup to restore; returns how many interactions were folded in."""
    work, target, before = directory / WORK, directory / SWITCHED, read_manifest(directory / BEFORE)
    for folder in (work, target):
        delete_folder(folder)
        folder.mkdir(mode=0o700)
    tail = tail_range(positions.topic_id, positions.folded, before)
    nothing = buckets_for(before.contacts, processes)
    gathered, _, in_tail = add_tail(settings, tail, work / "sorted", nothing)
    heard = earliest_times(command_times_from_rows(positions.heard), in_tail)
    from_topic = gathered.rows
    say(f"{from_topic} interactions came after what was built")
    gathered = add_states(PriorState.REBUILT, directory, before.partitions, work / "sorted", gathered)
    gathered = add_states(PriorState.KNOWN, directory / BEFORE, before.partitions, work / "sorted", gathered)
    write_records(work / TRACES, traces_of(directory / BEFORE, before.partitions))
    task = FoldTask(None, work / TRACES, work / "folded", before.partitions, heard)
    made = write_state_files(task, gathered, target, processes, say)
    write_manifest(target, complete_backup(directory / BEFORE, target, before, made))
    delete_folder(work)
    return from_topic
