"""Prometheus and promtool: those on the path, else those of Debian's package, unpacked beside the user's caches.

No root is needed for that, and nothing is installed: apt finds the package, checks its signature and hash, and dpkg
unpacks it. Any version 2 from 2.42 on will do.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streams.local.errors import LocalStackError
from streams.local.server import HOST, Server, choose_ports, launch

PACKAGE = "prometheus=2.*"
OLDEST = (2, 42)
_TOOLS = ("prometheus", "promtool")
_HELLO = b"GET /-/ready HTTP/1.0\r\n\r\n"
_version = re.compile(r"version (\d+)\.(\d+)").search


@dataclass(frozen=True, slots=True)
class Prometheus:
    """The two programs."""

    prometheus: Path
    promtool: Path


def find_prometheus(cache: Path, say: Callable[[str], None]) -> Prometheus:
    """Both programs. Raises `LocalStackError` that says what is missing.

    `cache`: where Debian's package is unpacked, and found again the next time.
    """
    on_path = [shutil.which(tool) for tool in _TOOLS]
    if all(on_path):
        found = Prometheus(*(Path(str(tool)) for tool in on_path))
    else:
        found = Prometheus(*(cache / "usr" / "bin" / tool for tool in _TOOLS))
        if not found.promtool.exists():
            _unpack(cache, say)
    version = _version(_run([str(found.promtool), "--version"]))
    if version is None or (int(version[1]), int(version[2])) < OLDEST:
        raise LocalStackError(f"{found.promtool}: older than {'.'.join(map(str, OLDEST))}")
    return found


def start_prometheus(
    directory: Path, found: Prometheus, config: Path, keep: str = "1d", say: Callable[[str], None] = lambda _: None
) -> Server:
    """Start it on a free loopback port; its data is below `directory`, and kept for so long.

    Raises:
        LocalStackError, PortLost: as `launch`.
    """
    say("Starting Prometheus")
    [port] = choose_ports(0)
    options = {
        "config.file": str(config),
        "storage.tsdb.path": str(directory.resolve() / "data"),
        "storage.tsdb.retention.time": keep,
        "web.listen-address": f"{HOST}:{port}",
        "web.enable-lifecycle": "",
    }
    flags = [f"--{name}={value}" if value else f"--{name}" for name, value in options.items()]
    return launch(directory, [str(found.prometheus), *flags], (port,), _HELLO)


def _unpack(cache: Path, say: Callable[[str], None]) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise LocalStackError("prometheus and promtool are not on the path, and there is no apt to get them with")
    say("Downloading Prometheus, once")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        folder = Path(scratch)
        try:
            _download(folder, [])
        except LocalStackError:  # a machine that never asked what packages there are
            own = _own_lists(folder)
            _run(["apt-get", *own, "update"], folder)
            _download(folder, own)
        [package] = folder.glob("prometheus_*.deb")
        _run(["dpkg-deb", "--extract", str(package), str(folder / "whole")])
        _move(folder / "whole" / "usr", cache / "usr")


def _download(folder: Path, options: list[str]) -> None:
    _run(["apt-get", *options, "download", PACKAGE], folder)


def _own_lists(folder: Path) -> list[str]:
    """Where apt is to keep its lists for somebody who may not write to the system's."""
    places = {"Dir::State::lists": folder / "lists", "Dir::Cache": folder / "apt"}
    for partial in ("lists/partial", "apt/archives/partial"):
        (folder / partial).mkdir(parents=True)
    return [word for name, place in places.items() for word in ("-o", f"{name}={place}")]


def _move(whole: Path, place: Path) -> None:
    """Whole or not at all; somebody else may have been quicker."""
    try:
        whole.rename(place)
    except OSError:
        if not (place / "bin" / "promtool").exists():
            raise


def _run(command: list[str], folder: Path | None = None) -> str:
    try:
        done = subprocess.run(  # nosec B603 # our own words and paths
            command, cwd=folder, capture_output=True, text=True, check=True, timeout=300
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or error.stdout.strip()).splitlines()[-1:] or [str(error.returncode)]
        raise LocalStackError(f"{' '.join(command[:1])} failed: {last[0]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LocalStackError(f"{command[0]}: {error}") from error
    return done.stdout + done.stderr
