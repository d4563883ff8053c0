"""How long a backup takes, how large it is, and how long until all is back: seconds for each 100,000 contacts."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pipeline.rig import Rig, rig
from benchmarks.pipeline.states import fill_changelog
from benchmarks.results import Figure, Section
from benchmarks.suites import Bench, BenchmarkFailed
from streams.operations.backup.backup_run import take_backup
from streams.operations.backup.manifest import read_manifest, require_whole
from streams.operations.backup.restore import RestorePlan, restore_backup

CONTACTS, QUICK_CONTACTS = 100_000, 10_000
_SUBJECT = "backup"
_HUNDRED_THOUSAND = 100_000
_PATIENCE_S = 60.0


class NotAll(BenchmarkFailed):
    """A backup or a restore of another number of contacts than there are."""


@dataclass(frozen=True, slots=True)
class _Round:
    """Seconds by the clock and of this process's CPU, and bytes on disk."""

    backup_s: float
    backup_cpu_s: float
    restore_s: float
    restore_cpu_s: float
    bytes: int


def backup(bench: Bench) -> Section:
    """The suite: one state, copied and then made anew in its place in each round."""
    contacts = QUICK_CONTACTS if bench.quick else CONTACTS
    with rig(bench.home) as place:
        size = asyncio.run(fill_changelog(place.settings, contacts, time.time_ns() // 1_000_000, bench.seed))
        found = [_round(place, place.folder / f"backup-{number}", contacts) for number in range(bench.rounds)]
    for each in found:
        bench.say(f"backup {each.backup_s:.1f} s, restore {each.restore_s:.1f} s, {each.bytes / 1e6:,.0f} MB")
    note = (
        f"{contacts:,} contacts of {size:,.0f} bytes on average in {place.settings.partitions} partitions, nobody at "
        "work meanwhile. To restore is to write state, profiles, links and closed channels anew; what follows is the "
        "workers' own start, and filling Redis"
    )
    return Section("Backup and restore", _figures(found, contacts), (note,))


def _figures(found: list[_Round], contacts: int) -> tuple[Figure, ...]:
    share = _HUNDRED_THOUSAND / contacts
    unit = "s for 100,000 contacts"
    return (
        Figure(_SUBJECT, "backup", unit, tuple(each.backup_s * share for each in found)),
        Figure(_SUBJECT, "CPU of a backup", unit, tuple(each.backup_cpu_s * share for each in found)),
        Figure(_SUBJECT, "restore", unit, tuple(each.restore_s * share for each in found)),
        Figure(_SUBJECT, "CPU of a restore", unit, tuple(each.restore_cpu_s * share for each in found)),
        Figure(_SUBJECT, "size", "MB for 100,000 contacts", tuple(each.bytes * share / 1e6 for each in found)),
    )


def _round(place: Rig, directory: Path, contacts: int) -> _Round:
    began, busy = time.monotonic(), time.process_time()
    asyncio.run(take_backup(place.settings, directory, _PATIENCE_S))
    backup_s, backup_cpu_s = time.monotonic() - began, time.process_time() - busy
    began, busy = time.monotonic(), time.process_time()
    manifest = read_manifest(directory)
    require_whole(directory, manifest)
    order = RestorePlan(directory, manifest, manifest.generation + 1, replace=True)
    restored = asyncio.run(restore_backup(place.settings, order))
    restore_s, restore_cpu_s = time.monotonic() - began, time.process_time() - busy
    if not manifest.contacts == restored == contacts:
        raise NotAll(f"{manifest.contacts} of {contacts} contacts were copied, {restored} restored")
    size = sum(file.bytes for file in manifest.files)
    return _Round(backup_s, backup_cpu_s, restore_s, restore_cpu_s, size)
