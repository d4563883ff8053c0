"""The code as it was before its last change, from the history of this clone."""

import json
import shutil
import subprocess
import sys
import tarfile
import warnings
from io import BytesIO
from pathlib import Path

from streams.domain.campaigns import campaign_state
from streams.domain.contact import codec
from streams.domain.experiments import experiment_table
from streams.domain.identity import nodes
from tests.chaos.workers import ROOT

PACKAGES = ("events", "sinks", "streams")
FORMATS = (codec, nodes, campaign_state, experiment_table)
_WRITTEN = f"""import json, importlib
print(json.dumps([importlib.import_module(name).FORMAT.number for name in {[each.__name__ for each in FORMATS]}]))"""


def previous_code(folder: Path) -> Path:
    """The packages as they were in the commit before the last one that changed them, in a folder.

    Where there is no history, as in a source archive or a shallow clone, or where it wrote formats that are not read
    any more, they are a copy of what is here: workers are replaced one by one all the same, and a warning says that it
    was no upgrade.
    """
    try:
        changed = _git("log", "-1", "--first-parent", "--format=%H", "--", *PACKAGES).decode().strip()
        packed = _git("archive", f"{changed}~1", *PACKAGES)
    except (OSError, subprocess.CalledProcessError):
        return _copied(folder, "no previous version of the code is here")
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    if any(number not in each.FORMAT.readable for number, each in zip(_written_by(folder), FORMATS, strict=True)):
        shutil.rmtree(folder)
        return _copied(folder, "the previous version wrote formats that this one refuses")
    return folder


def _copied(folder: Path, why: str) -> Path:
    warnings.warn(f"{why}, so no upgrade from it is tried", stacklevel=3)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package)
    return folder


def _written_by(code: Path) -> list[int]:
    """The numbers of the formats that this code writes, in the order of `FORMATS`."""
    told = subprocess.run([sys.executable, "-c", _WRITTEN], cwd=code, capture_output=True, check=True).stdout
    return [int(number) for number in json.loads(told)]


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout
