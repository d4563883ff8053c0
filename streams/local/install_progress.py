"""Runs `pip install` and prints a line now and then of how far it is, since it takes minutes on a fresh machine.

`python install_progress.py LOCK COMMAND...`: LOCK is the file of the libraries. Runs before anything is installed, so
it needs the standard library alone.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

EVERY = 10
"""After so many libraries there is a line."""


def progress(lines: Iterable[str], libraries: int) -> Iterator[str]:
    """What to print of pip's own lines while it installs so many libraries."""
    fetched = 0
    for line in lines:
        if line.startswith(("Collecting ", "Ignoring ", "Requirement already satisfied")):
            fetched += 1
            if not fetched % EVERY:
                yield f"  {min(fetched, libraries)} of {libraries} libraries fetched"
        elif line.startswith("Installing collected packages"):
            yield "  all are here; unpacking them"


def libraries_in(lock: Path) -> int:
    """How many libraries a lock pins."""
    return sum("==" in line and not line.startswith((" ", "#")) for line in lock.read_text("utf-8").splitlines())


def main(words: Sequence[str]) -> int:
    """Run the command to its end, and give its exit code; what it prints as errors is printed."""
    lock, *command = words
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:  # nosec B603 # words of the Makefile, no shell
        for line in progress(running.stdout or (), libraries_in(Path(lock))):
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
    return running.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
