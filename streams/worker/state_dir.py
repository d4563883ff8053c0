"""The directory of a worker's local stores: one process's alone, and cleared of stores that it has left behind."""

import fcntl
import stat
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from streams.engine.abandoned_stores import delete_left_behind
from streams.platform.errors import Unusable
from streams.platform.topics import TABLES

TIDY_EVERY_S = 3600.0
"""Seconds between two searches for stores that were left behind."""

_CHILD = "worker-{}"
_PRIVATE, _GROUP, _OTHERS = stat.S_IRWXU, stat.S_IRWXG, stat.S_IRWXO


def child_of(state_dir: Path, index: int) -> Path:
    """The directory of one of several worker processes."""
    return state_dir / _CHILD.format(index)


def own_state_dir(state_dir: Path) -> TextIO:
    """Make the directory this process's alone, for as long as the returned file is open, and closed to other users.

    Raises `Unusable`.
    """
    try:
        state_dir.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        _close_to_others(state_dir)
        lock = (state_dir / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Unusable("HARMONIA_STATE_DIR is another worker's: give each a directory of its own") from error
    except OSError as error:
        raise Unusable(f"HARMONIA_STATE_DIR cannot be used: {error.strerror}") from error
    return lock


def _close_to_others(state_dir: Path) -> None:
    """Let nobody else look in, also where it was made by an older version or by hand.

    A volume that is shared with a group by its set-group-ID bit, as Kubernetes does with `fsGroup`, stays the group's;
    and of one that another user made, root mostly, the mode is not this process's to change.
    """
    mode = stat.S_IMODE(state_dir.stat().st_mode)
    wanted = mode & ~_OTHERS if mode & stat.S_ISGID else mode & ~(_GROUP | _OTHERS)
    if mode != wanted:
        with suppress(PermissionError):
            state_dir.chmod(wanted)


def own_for_workers(state_dir: Path) -> TextIO:
    """As `own_state_dir`, for the parent of several workers below it. Raises `Unusable` too while one of them runs."""
    lock = own_state_dir(state_dir)
    try:
        for child in filter(Path.is_dir, _children(state_dir)):
            own_state_dir(child).close()
    except Unusable:
        lock.close()
        raise
    return lock


def remove_old_stores(state_dir: Path) -> None:
    """Delete stores that were left behind in a directory that is this process's own, or by several workers below it.

    Those of them that run look after their own stores.
    """
    delete_left_behind(state_dir, TABLES)
    for child in filter(Path.is_dir, _children(state_dir)):
        with suppress(Unusable), own_state_dir(child):
            delete_left_behind(child, TABLES)


def _children(state_dir: Path) -> list[Path]:
    return sorted(state_dir.glob(_CHILD.format("*")))
