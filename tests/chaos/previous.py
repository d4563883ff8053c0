"""The code as it was before its last change, from the history of this clone."""

import os
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.chaos.workers import ROOT

PACKAGES = ("events", "sinks", "streams")


def previous_code(folder: Path) -> Path:
    """The packages as they were in the commit before the last one that changed them, in a folder.

    Where there is no history, as in a source archive, the test is left out and says so; in CI that is a failure.
    """
    changed = _git("log", "-1", "--first-parent", "--format=%H", "--", *PACKAGES).decode().strip()
    packed = _git("archive", f"{changed}~1", *PACKAGES)
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _git(*words: str) -> bytes:
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", b"").decode().strip() or str(error)
        reason = f"no previous version of the code is here, so no upgrade from it was tried (git: {why})"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; clone with history: fetch-depth: 0")
        pytest.skip(reason)
