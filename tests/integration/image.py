"""What `deploy/Dockerfile` puts into an image, made without Docker: its first stage's own steps, in another root.

Docker is not everywhere, and what breaks an image is mostly what is left out of a wheel or of a lock.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.unit.packaging.dockerfile import ROOT, Step, stages


@dataclass(frozen=True, slots=True)
class Image:
    """A root that has what the image has below /opt, and the environment that its last stage sets."""

    root: Path
    environment: Mapping[str, str]

    @property
    def home(self) -> Path:
        """Of the program: read-only in a container."""
        return self.root / "opt/harmonia"

    @property
    def packages(self) -> Path:
        """Where pip has installed."""
        [packages] = self.home.glob("lib/python*/site-packages")
        return packages

    @property
    def command(self) -> str:
        """The entrypoint."""
        return str(self.home / "bin/harmonia")

    def files(self) -> dict[Path, int]:
        """Each file of the program and when it was changed."""
        return {path: path.stat().st_mtime_ns for path in self.home.rglob("*")}


def build(root: Path) -> Image:
    """Run the first stage below `root`, with this Python. Needs the package index, as Docker would."""
    build_steps, final_steps = stages()
    source = root / "src"
    source.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    for instruction, rest in build_steps:
        if instruction == "COPY":
            _copy(rest, source)
        elif instruction == "RUN":
            command = rest.replace("/opt/", f"{root}/opt/")
            ran = subprocess.run(
                ["sh", "-ec", command],
                cwd=source,
                env={**environment, "PATH": path},
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    return Image(root, dict(_settings(final_steps)))


def _copy(rest: str, target: Path) -> None:
    *names, into = shlex.split(rest)
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / into, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place = target / into / Path(name).name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place)


def _settings(steps: list[Step]) -> Iterator[tuple[str, str]]:
    for instruction, rest in steps:
        if instruction == "ENV":
            for word in shlex.split(rest):
                name, _, value = word.partition("=")
                yield name, value
