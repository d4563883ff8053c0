"""What is promised of the image, held to its Dockerfile by hadolint and by reading it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.image.engine import OWN, clear_machine
from tests.image.machine import build_options
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


# What a test of the image takes from the machine that it runs on, and what it leaves there.
def test_a_build_is_told_of_a_proxy_by_name_so_that_no_password_of_it_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://somebody:s3cret@proxy.example:3128")
    options = list(build_options(tmp_path))
    assert "--build-arg=https_proxy" in options
    assert not any("s3cret" in option for option in options)


def machine(folder: Path, *files: str) -> list[Path]:
    """The places where podman makes something, with what it makes in each, and these files besides."""
    for name in (*(f"{place}/{file}" if file else place for place, own in OWN.items() for file in own), *files):
        file = folder / name.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (folder / "run/libpod/exits").mkdir()
    return [folder / place.removeprefix("/") for place in OWN]


def test_what_podman_made_is_removed_where_it_was_not_before(tmp_path: Path) -> None:
    places = machine(tmp_path)
    clear_machine(places[1:], root=tmp_path)
    assert [place.exists() for place in places] == [True, *[False] * (len(places) - 1)]


@pytest.mark.parametrize("file", ["var/lib/containers/storage/db.sql", "run/containers/0/auth.json", "run/libpod/x"])
def test_of_a_machine_on_which_somebody_else_began_to_use_podman_nothing_is_removed(file: str, tmp_path: Path) -> None:
    places = machine(tmp_path, file)
    there = {*tmp_path.rglob("*")}
    clear_machine(places, root=tmp_path)
    assert {*tmp_path.rglob("*")} == there
