"""A disk of a worker's own that can be filled: a small tmpfs that only the worker and its children see."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

SIZE_MIB = 48
_RUN = """
trap : TERM
mkdir -p "$0" && mount -t tmpfs -o size={size}m tmpfs "$0" || exit
"$@"
code=$?
cp -r "$0" "$0.left"
exit $code
"""


class SmallDisk:
    """Mounted at `path`, in the mount namespace of the process that `command` starts. A copy of it is left beside it.

    Raises `AssertionError` where the system does not let a test make one: run it where unprivileged user namespaces
    are allowed, or as root.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        tried = subprocess.run([*self.command, "true"], capture_output=True, text=True, check=False)
        assert tried.returncode == 0, (
            f"no disk of one's own can be made here, so a full one is untested: {tried.stderr}"
        )

    @property
    def command(self) -> Sequence[str]:
        """What the worker is started within."""
        return ["unshare", "-rm", "sh", "-c", _RUN.format(size=SIZE_MIB), str(self._path)]

    def fill(self, pid: int) -> None:
        """Leave no room. `pid`: the process that the command started."""
        done = self._inside(pid, "dd", "if=/dev/zero", f"of={self._filler}", "bs=64k")
        assert "No space left" in done.stderr, done.stderr

    def clear(self, pid: int) -> None:
        """Make room again."""
        assert self._inside(pid, "rm", str(self._filler)).returncode == 0

    @property
    def _filler(self) -> Path:
        return self._path / "filler"

    @staticmethod
    def _inside(pid: int, *command: str) -> "subprocess.CompletedProcess[str]":
        within = ["nsenter", "--target", str(pid), "--user", "--mount", "--preserve-credentials"]
        return subprocess.run([*within, *command], capture_output=True, text=True, check=False)
