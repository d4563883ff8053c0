"""Commands that a server runs in child processes: they give way to others, and end with it however it ends."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

_TIED = str(Path(__file__).with_name("tied_process.py"))


def child_command(command: Sequence[str]) -> list[str]:
    """The words that run a command as a child of this process, and of this thread.

    It has a low priority from its first moment, and is killed once this process has ended, also where that is killed
    and can end nobody. What it has sent by then stays sent, as where it is killed itself.
    """
    return [sys.executable, "-I", "-S", _TIED, str(os.getpid()), *command]
