"""`harmonia console follow` as a process of its own, that may be killed, frozen and replaced."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from tests.integration.serving_process import ServingProcess, started


def following(folder: Path, name: str, environment: Mapping[str, str]) -> AbstractContextManager[ServingProcess]:
    """A process for the length of a block, unless it has ended before."""
    return started(["console", "follow"], folder / f"{name}.log", environment, "desk")
