"""Becomes a command that gives way to others and ends with its parent: `python tied_process.py PARENT COMMAND...`.

It is run by its path before anything of ours is imported, so it costs a child a few milliseconds.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

GIVES_WAY = 10
"""Niceness of the command (nice(2)), if the parent's is not higher."""
_PR_SET_PDEATHSIG = 1


def become(parent: int, command: Sequence[str]) -> None:
    """Put the command in the place of this process. Returns where the parent has ended already. May raise OSError."""
    os.setpriority(os.PRIO_PROCESS, 0, max(GIVES_WAY, os.getpriority(os.PRIO_PROCESS, 0)))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            return
    os.execvp(command[0], [*command])  # nosec B606 # words of ours, no shell


if __name__ == "__main__":
    try:
        become(int(sys.argv[1]), sys.argv[2:])
    except OSError as error:
        sys.exit(f"{sys.argv[2]}: {error.strerror}")
