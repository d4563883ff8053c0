"""Runs the commands of an image test: what went wrong is said with all that the command said."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

Ended = subprocess.CompletedProcess[str]


def run(*words: str | Path, patience_s: float, environment: Mapping[str, str] | None = None) -> str:
    """The standard output of a command, which must end well."""
    ended = tried(*words, patience_s=patience_s, environment=environment)
    assert ended.returncode == 0, f"{' '.join(map(str, words))}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def tried(*words: str | Path, patience_s: float, environment: Mapping[str, str] | None = None) -> Ended:
    """What became of a command. One that is given up is killed with all that it has started."""
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    try:
        said, complained = process.communicate(timeout=patience_s)
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return Ended(words, process.returncode, said, complained)
