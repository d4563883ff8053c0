"""Checks the lake: whether it can be read and written, by whom, pending erasures, and how far behind it is."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from stat import S_IMODE

from sinks.lake.erasure import commands_received_at
from sinks.lake.files import Files, LocalFiles, open_files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import INTERACTIONS, LakeDamaged, is_lake
from sinks.lake.unfinished_writes import unfinished_imports
from streams.operations.doctor.finding import Finding, fail, ok, warn
from streams.platform.errors import LakeStopped
from streams.platform.lake_files import lake_files_of
from streams.platform.settings import Settings

WHAT = "HARMONIA_LAKE"
OVERDUE_MS = 26 * 3_600_000
"""Age at which a pending erasure is overdue.

`lake erase` runs at least once a day: for so long `contact-roofs` is sure to tell which identifiers were one person's.
"""
DAY_MS = 86_400_000
MUCH_BEHIND = 100_000
_OTHERS, _GROUP = 0o007, 0o070
_RUN = "is `harmonia lake run` up? docs/runbooks/lake-behind.md"


def examine_lake(settings: Settings, now: int) -> Iterator[Finding]:
    """Every check of the lake that needs no Kafka; none where no lake is set.

    Makes a file in the lake and deletes it. `now`: ms since 1970.
    """
    if settings.lake is None:
        return
    try:
        files = open_files(settings.lake)
        if not is_lake(files):
            yield warn(WHAT, "there is no lake there yet", "start `harmonia lake run`, or name the one that there is")
            return
        lake_files_of(settings)
        yield _size(files)
        pending = commands_received_at(files)
        yield judge_erasures(pending.values(), now, len(commands_received_at(files, in_vain=True)) - len(pending))
        yield judge_begun(len(find_live_files(files).places), len(unfinished_imports(files, now - DAY_MS)))
    except (ValueError, LakeStopped) as error:
        yield fail(WHAT, str(error).removeprefix(f"{WHAT}: "), "docs/lake.md says which stores will do")
    except LakeDamaged as error:
        yield fail(WHAT, str(error), "put it back from a backup of the store, or let another folder be the lake")
    except OSError as error:
        why = error.strerror or type(error).__name__
        yield fail(WHAT, f"it cannot be read: {why}", "is the store up, and may this user read and write there?")
    else:
        yield from _owners(files, settings)


def judge_erasures(heard: Collection[int], now: int, unsure: int = 0) -> Finding:
    """Pending erasures. `heard`: when each command came that has not been carried out in the lake (ms since 1970).

    `unsure`: commands in it for who has done nothing, of which it does not know whether they were in vain.
    """
    what = "erasures in the lake"
    if not heard and unsure:
        found = (
            f"all that it knows of are carried out; {unsure} for doing nothing were in vain, or wait for `lake erase`"
        )
        return ok(what, found)
    if not heard:
        return ok(what, "all that it knows of are carried out")
    found = f"{len(heard)} are not carried out, the oldest for {(now - min(heard)) // 3_600_000} hours"
    if now - min(heard) <= OVERDUE_MS:
        return ok(what, found)
    return warn(what, found, "run `harmonia lake erase`, and have it run every day")


def judge_begun(places: int, unended: int) -> Finding:
    """Unfinished writes. `places`: files being moved into place. `unended`: imports left unfinished for over a day."""
    what = "writings into the lake"
    if not places + unended:
        return ok(what, "all that were begun have ended")
    found = f"{places} files are on their way, and {unended} of imports that never ended: nobody is taken out of them"
    return warn(what, found, "if it stays so: `harmonia lake erase` ends what was killed")


def judge_modes(mode: int, *, group_reads: bool) -> Iterator[Finding]:
    """Permissions of the lake's folder, given its `mode`."""
    opened = mode & (_OTHERS if group_reads else _OTHERS | _GROUP)
    if opened:
        who = "everybody on this machine" if opened & _OTHERS else "its group"
        cure = f"chmod -R {'o=' if group_reads else 'go='} the folder; HARMONIA_LAKE_GROUP_READS lets its group read"
        yield warn("who reads the lake", f"{who} may look into its folder ({mode:04o})", cure)


def judge_behind(begin: Mapping[int, int], starts: Mapping[int, int], ends: Mapping[int, int]) -> Finding:
    """How far the lake is behind. By partition: its position, and where the topic begins and ends now."""
    what = "lake behind"
    lost = [number for number, start in starts.items() if begin.get(number, 0) < start and number in begin]
    if lost:
        found = f"of the partitions {lost} the topic has deleted records that are not in the lake"
        return fail(what, found, "harmonia lake run --skip-lost goes on without them")
    behind = sum(max(0, end - max(begin.get(number, 0), starts.get(number, 0))) for number, end in ends.items())
    found = f"{behind:,} offsets of {INTERACTIONS} are not in it"
    return warn(what, found, _RUN) if behind > MUCH_BEHIND else ok(what, found)


def _size(files: Files) -> Finding:
    found = find_live_files(files)
    known = found.of(INTERACTIONS)
    return ok(
        WHAT,
        f"it can be written to; {sum(file.rows for file in known):,} interactions in {len(known):,} files, "
        f"{len(found.snapshots)} snapshots",
    )


def _owners(files: Files, settings: Settings) -> Iterator[Finding]:
    if isinstance(files, LocalFiles):
        mode = S_IMODE(Path(files.address("")).stat().st_mode)
        yield from judge_modes(mode, group_reads=settings.lake_group_reads)
