"""`harmonia lake run` as a process of its own, that may be killed, frozen and replaced."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from tests.integration.serving_process import ServingProcess, started


def running_lake(
    folder: Path, name: str, environment: Mapping[str, str], *options: str
) -> AbstractContextManager[ServingProcess]:
    """A process for the length of a block, unless it has ended before."""
    return started(["lake", "run", *options], folder / f"{name}.log", environment, "lake")
