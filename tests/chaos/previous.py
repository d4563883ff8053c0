"""The code as it was before its last change, from the history of this clone."""

import shutil
import subprocess
import tarfile
import warnings
from io import BytesIO
from pathlib import Path

from tests.chaos.workers import ROOT

PACKAGES = ("events", "sinks", "streams")


def previous_code(folder: Path) -> Path:
    """The packages as they were in the commit before the last one that changed them, in a folder.

    Where there is no history, as in a source archive or a shallow clone, they are a copy of what is here: workers are
    replaced one by one all the same, and a warning says that it was no upgrade.
    """
    try:
        changed = _git("log", "-1", "--first-parent", "--format=%H", "--", *PACKAGES).decode().strip()
        packed = _git("archive", f"{changed}~1", *PACKAGES)
    except (OSError, subprocess.CalledProcessError):
        warnings.warn("no previous version of the code is here, so no upgrade from it is tried", stacklevel=2)
        for package in PACKAGES:
            shutil.copytree(ROOT / package, folder / package)
        return folder
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout
