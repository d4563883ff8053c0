"""`harmonia lake fold`: everything once, from the lake to states and profiles."""

import shutil
from collections.abc import Callable
from pathlib import Path

from streams.history.lake.errors import LakeStopped
from streams.history.refold.buckets import Gathered, gather
from streams.history.refold.fold_files import Folded, fold_history

ATTEMPTS = 5


def fold_lake(place: str, out: Path, processes: int, say: Callable[[str], None]) -> Folded:
    """Fold the lake at `place` into `out`, which is new or empty; what lies between goes into a folder of it.

    Raises OSError, `Damaged`, `LakeStopped` that says what to do, and ValueError for what is no lake.
    """
    if out.exists() and any(out.iterdir()):
        raise LakeStopped(f"{out} is not empty: name a folder that is, or none yet")
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    work = out / "_work"
    try:
        gathered = _gather(place, work, processes)
        if not gathered.rows:
            raise LakeStopped("HARMONIA_LAKE: there are no interactions in it that are anybody's")
        say(f"{gathered.rows} interactions sorted by contact, {gathered.without} are nobody's")
        return fold_history(place, gathered, out, processes)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _gather(place: str, work: Path, processes: int) -> Gathered:
    """Again from the start where files were merged before they were read."""
    for _ in range(ATTEMPTS):
        try:
            return gather(place, work, processes)
        except FileNotFoundError:
            shutil.rmtree(work, ignore_errors=True)
    raise LakeStopped(
        "HARMONIA_LAKE is merged faster than it is read: let `lake compact` and `lake erase` rest meanwhile"
    )
