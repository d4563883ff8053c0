"""What a test of the image takes from the machine that it runs on, and what it leaves there."""

from pathlib import Path

import pytest

from tests.image.engine import OWN, clear_machine
from tests.image.machine import build_options


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
