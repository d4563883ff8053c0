"""Builds images and runs containers with buildah and podman, in a store of its own of which nothing is left."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.image.commands import Ended, run, tried
from tests.image.machine import build_options
from tests.unit.packaging.dockerfile import DOCKERFILE, ROOT

BASE = "localhost/base"
IMAGE = "localhost/harmonia:test"
_BUILD_S = 900
_COMMAND_S = 120
OWN = {
    "/dev/shm/libpod_lock": ("",),
    "/var/lib/containers": ("cache/blob-info-cache-v1.boltdb",),
    "/run/libpod": ("alive", "alive.lck", "events/events.log", "events/events.log.lock"),
    "/run/containers": (),
}
"""Where podman makes something for itself wherever its store is, and the files that it makes there."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A store of images and containers below `folder`."""

    folder: Path

    def build(self, base: Path) -> None:
        """`deploy/Dockerfile` on a base, a tar file, as `IMAGE`."""
        self.podman("import", str(base), BASE)
        made = ("bud", "--isolation=chroot", "--network=host", "--pull-never", f"--build-arg=BASE={BASE}")
        options = (*build_options(self.folder), f"--file={DOCKERFILE}", f"--tag={IMAGE}")
        run("buildah", *self._store(), *made, *options, ROOT, patience_s=_BUILD_S)

    def podman(self, *words: str, patience_s: float = _COMMAND_S) -> str:
        """Its standard output; it must end well."""
        return run(*self._podman(), *words, patience_s=patience_s)

    def tried(self, *words: str) -> Ended:
        """The same of what may fail."""
        return tried(*self._podman(), *words, patience_s=_COMMAND_S)

    def clear(self) -> None:
        """Remove every container, image and mount."""
        self.tried("rm", "--all", "--force", "--volumes", "--time=0")
        with open("/proc/self/mounts", encoding="utf-8") as mounts:  # noqa: PTH123 (no path of ours)
            places = [line.split()[1] for line in mounts]
        for place in reversed(places):
            if Path(place).is_relative_to(self.folder):
                run("umount", "--lazy", place, patience_s=_COMMAND_S)

    def _store(self) -> Sequence[str]:
        return (f"--root={self.folder / 'store'}", f"--runroot={self.folder / 'run'}")

    def _podman(self) -> Sequence[str]:
        own = (
            f"--tmpdir={self.folder / 'tmp'}",
            "--cgroup-manager=cgroupfs",
            "--runtime=runc",
            "--events-backend=none",
        )
        return ("podman", *self._store(), *own)


@contextmanager
def open_engine(folder: Path) -> Iterator[Engine]:
    """An engine for the length of a block. Whatever happens in it, no container, image, mount or file stays."""
    new = [path for path in map(Path, OWN) if not path.exists()]
    engine = Engine(folder)
    try:
        yield engine
    finally:
        engine.clear()
        shutil.rmtree(folder)
        clear_machine(new)


def clear_machine(new: Sequence[Path], root: Path = Path("/")) -> None:
    """Remove these of podman's places, unless anything is in any of them that it has not made for itself.

    Then somebody else has begun to use it here, who needs all of them.
    """
    for name, files in OWN.items():
        place = root / name.removeprefix("/")
        own = {place / file for file in files}
        found = [place, *place.rglob("*")] if place.exists() else []
        if any(path not in own and (path.is_symlink() or not path.is_dir()) for path in found):
            return
    for path in new:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs."""

    engine: Engine
    name: str
    grace_s: int

    def inside(self, *words: str) -> str:
        """What a command says in it, which must end well."""
        return self.engine.podman("exec", self.name, *words)

    def log(self) -> str:
        """All that it has said."""
        ended = self.engine.tried("logs", self.name)
        return ended.stdout + ended.stderr

    def is_healthy(self, check: Sequence[str]) -> bool:
        """Whether a health check of the compose file ends well in it."""
        assert self.is_running(), self.log()
        return self.engine.tried("exec", self.name, *check).returncode == 0

    def is_running(self) -> bool:
        """Whether its program has not ended."""
        return self._state()["Running"] is True

    def stop(self) -> int:
        """SIGTERM, and SIGKILL when the grace is over; the exit code."""
        self.engine.podman("stop", f"--time={self.grace_s}", self.name)
        code = self._state()["ExitCode"]
        assert isinstance(code, int)
        return code

    def _state(self) -> dict[str, object]:
        found = json.loads(self.engine.podman("inspect", self.name))[0]["State"]
        assert isinstance(found, dict)
        return found
