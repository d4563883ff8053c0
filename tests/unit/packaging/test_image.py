"""What is promised of the image, held to its Dockerfile by hadolint and by reading it."""

import subprocess
import sys
from pathlib import Path

from tests.unit.packaging.dockerfile import DOCKERFILE, ROOT, stages

FINAL = dict(stages()[-1])


def test_hadolint_finds_nothing() -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), DOCKERFILE], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_it_runs_as_somebody_with_a_number_who_is_not_root() -> None:
    """Kubernetes can tell a number that is not root's, and not a name."""
    user, group = FINAL["USER"].split(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000


def test_what_is_copied_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    copied = [name for instruction, rest in stages()[0] if instruction == "COPY" for name in rest.split()[:-1]]
    assert "*" in ignored
    assert {name.removesuffix("/") for name in copied if not name.endswith(".lock")} == {
        name.removeprefix("!") for name in ignored if name.startswith("!") and not name.endswith(".lock")
    }
    assert "!deploy/*.lock" in ignored
