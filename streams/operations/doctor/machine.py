"""Checks this machine: its disk, its limits, and the installed software."""

import os
import platform
import resource
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import streams
from streams.engine.rocksdb_store import RocksStore, _options
from streams.engine.store import Position
from streams.operations.doctor.finding import Finding, fail, ok, warn
from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.worker.state_dir import own_state_dir

GIB = 1 << 30
LEAST_FREE, LITTLE_FREE = GIB // 4, 2 * GIB
LITTLE_SHARE = 0.15
OPEN_FILES_OF_A_STORE, OTHER_FILES = 64, 256
_OVER_A_NETWORK = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "ceph", "glusterfs")
_MOUNTS = Path("/proc/self/mounts")


def judge_space(free: int, total: int, where: Path) -> Finding:
    """Free and total bytes of the disk with the stores."""
    what, found = "disk", f"{free / GIB:.1f} of {total / GIB:.1f} GiB are free at {where}"
    cure = "make room, or set HARMONIA_STATE_DIR to a larger disk"
    if free < LEAST_FREE:
        return fail(what, found, cure)
    if free < LITTLE_FREE or free < LITTLE_SHARE * total:
        return warn(what, found, cure)
    return ok(what, found)


def judge_file_system(kind: str | None, where: Path) -> Iterator[Finding]:
    """The file system's kind, as the system names it; None: not known. RocksDB needs a local disk."""
    if kind is not None and kind.startswith(_OVER_A_NETWORK):
        cure = "keep HARMONIA_STATE_DIR on a disk of this machine: it can always be made again from the changelog"
        yield warn("file system", f"{where} is on {kind}, over a network", cure)


def judge_open_files(limit: int, partitions: int) -> Finding:
    """Whether a process may have enough files open (`limit`): each partition of a table needs some."""
    what, need = "open files", partitions * OPEN_FILES_OF_A_STORE + OTHER_FILES
    found = f"a process may have {limit} open, and one that owns all {partitions} partitions may need {need}"
    if limit >= need:
        return ok(what, found)
    cure = f"ulimit -n {max(4096, need)}, or LimitNOFILE of the service; or more workers, so that each owns fewer"
    return (fail if limit < OTHER_FILES else warn)(what, found, cure)


def judge_versions(pinned: Mapping[str, str], installed: Mapping[str, str]) -> Finding:
    """Libraries installed in another version than the lock file names."""
    other = [
        f"{name} {installed[name]}, not {version}"
        for name, version in pinned.items()
        if name in installed and installed[name] != version
    ]
    found = f"Python {platform.python_version()}, Harmonia {installed.get('harmonia', 'not installed')}"
    if not pinned:
        return ok("versions", f"{found}; there is no lock file here to compare the libraries with")
    if other:
        cure = "pip install --require-hashes --requirement requirements.lock"
        return warn("versions", f"{found}; libraries that were not tested: {', '.join(sorted(other))}", cure)
    return ok("versions", f"{found}, and the libraries of requirements.lock")


def pinned_here(lock: str) -> dict[str, str]:
    """Versions by library that a lock file names for this Python on this machine, by its markers."""
    wanted = [Requirement(line.rstrip(" \\")) for line in lock.splitlines() if line[:1].isalnum()]
    return {
        canonicalize_name(each.name): next(iter(each.specifier)).version
        for each in wanted
        if each.marker is None or each.marker.evaluate()
    }


def examine_machine(settings: Settings) -> Iterator[Finding]:
    """Every check of the machine. Makes a file in the directory of the stores and deletes it."""
    yield from _directory(settings.state_dir)
    yield judge_open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0], settings.partitions)
    yield judge_versions(_lock(Path(streams.__file__).parents[1] / "requirements.lock"), _installed())
    yield _rocksdb()


def _directory(state_dir: Path) -> Iterator[Finding]:
    there = next(folder for folder in (state_dir.absolute(), *state_dir.absolute().parents) if folder.exists())
    what, cure = "HARMONIA_STATE_DIR", "name a directory that this user may write to"
    try:
        with tempfile.TemporaryFile(dir=there):
            yield ok(what, f"{state_dir} can be written to{'' if there == state_dir.absolute() else ', once made'}")
    except OSError as error:
        yield fail(what, f"{there} cannot be written to: {error.strerror}", cure)
        return
    space = shutil.disk_usage(there)
    yield judge_space(space.free, space.total, there)
    yield from judge_file_system(_kind_of(there), there)
    if (state_dir / "lock").exists():
        yield _lock_of(state_dir)


def _kind_of(directory: Path) -> str | None:
    """The kind of a directory's file system, where the system lists them."""
    if not _MOUNTS.exists():
        return None
    mounts = [line.split()[1:3] for line in _MOUNTS.read_text().splitlines()]
    kinds = {Path(place.replace("\\040", " ")): kind for place, kind in mounts}
    return next(
        (kinds[folder] for folder in (directory.resolve(), *directory.resolve().parents) if folder in kinds), None
    )


def _lock_of(state_dir: Path) -> Finding:
    try:
        own_state_dir(state_dir).close()
    except Unusable:
        return ok("lock", "a worker has the directory; a second one there would be refused")
    return ok("lock", "no worker has the directory just now")


def _lock(path: Path) -> dict[str, str]:
    return pinned_here(path.read_text()) if path.is_file() else {}


def _installed() -> dict[str, str]:
    return dict(_named(metadata.distributions()))


def _named(found: Iterable[metadata.Distribution]) -> Iterator[tuple[str, str]]:
    for one in found:
        yield canonicalize_name(one.name), one.version


def _rocksdb() -> Finding:
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = RocksStore(Path(folder) / "store", _options())
            store.write({b"k": b"v"}, Position("topic", 1, 0))
            read = store.get(b"k")
            store.close()
    except Exception as error:  # noqa: BLE001 - rocksdict raises nothing more special
        return fail(
            "RocksDB", f"it does not open ({type(error).__name__})", f"reinstall rocksdict; on {os.uname().machine}?"
        )
    return (
        ok("RocksDB", "it opens, writes and reads") if read == b"v" else fail("RocksDB", "lies", "reinstall rocksdict")
    )
