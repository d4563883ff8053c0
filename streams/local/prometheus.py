"""Prometheus on this machine: found or downloaded, started, configured to scrape, and queried.

Prometheus and promtool are those on the path, else those of Debian's package, unpacked beside the user's caches.

No root is needed for that, and nothing is installed: apt finds the package, checks its signature and hash, and dpkg
unpacks it. Any version 2 from 2.42 on will do.
"""

import json
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streams.local.errors import LocalStackError
from streams.local.server import HOST, Server, choose_ports, launch

PACKAGE = "prometheus=2.*"
OLDEST = (2, 42)
_TOOLS = ("prometheus", "promtool")
_HELLO = b"GET /-/ready HTTP/1.0\r\n\r\n"
_version = re.compile(r"version (\d+)\.(\d+)").search


@dataclass(frozen=True, slots=True)
class Prometheus:
    """The two programs of one installation."""

    prometheus: Path
    promtool: Path


def find_prometheus(cache: Path, say: Callable[[str], None]) -> Prometheus:
    """Find or download both programs. Raises `LocalStackError` that says what is missing.

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
    """Start Prometheus on a free loopback port; its data is below `directory`, kept for the time `keep` (`1d`).

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


Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Series:
    """One time series; times in seconds since 1970."""

    labels: Labels
    points: Sequence[tuple[float, float]]


def scrape_config(targets: Mapping[str, Sequence[str]], rules: Iterable[Path], every_s: int) -> str:
    """The text of a configuration file; `targets`: addresses (host:port) by job."""
    jobs = [{"job_name": job, "static_configs": [{"targets": list(named)}]} for job, named in targets.items()]
    pace = {"scrape_interval": f"{every_s}s", "evaluation_interval": f"{every_s}s"}
    files = [str(file.resolve()) for file in rules]
    return json.dumps({"global": pace, "rule_files": files, "scrape_configs": jobs})  # JSON is YAML


def query(url: str, expression: str) -> list[Series]:
    """The present value of an expression; a number without labels is one series. Raises `LocalStackError`."""
    found = _ask(url, "query", {"query": expression})
    if found["resultType"] == "scalar":
        return [Series({}, [_point(found["result"])])]
    return [Series(each["metric"], [_point(each["value"])]) for each in found["result"]]


def query_range(url: str, expression: str, span: tuple[float, float], step_s: float) -> list[Series]:
    """The values of an expression over `span` (begin and end). Raises `LocalStackError`."""
    begin, end = map(str, span)
    found = _ask(url, "query_range", {"query": expression, "start": begin, "end": end, "step": str(step_s)})
    return [Series(each["metric"], [_point(point) for point in each["values"]]) for each in found["result"]]


def rule_errors(url: str) -> list[str]:
    """The rules that could not be evaluated, and why. Raises `LocalStackError`."""
    groups = _ask(url, "rules", {})["groups"]
    return [
        f"{rule['name']}: {rule['lastError']}" for group in groups for rule in group["rules"] if "lastError" in rule
    ]


def _ask(url: str, what: str, asked: Mapping[str, str]) -> dict[str, Any]:
    try:
        asking = f"{url}/api/v1/{what}?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(asking, timeout=30) as answer:  # nosec B310 # a Prometheus of our own
            data: dict[str, Any] = json.load(answer)["data"]
            return data
    except urllib.error.HTTPError as error:
        raise LocalStackError(f"{asked.get('query', what)}: {json.load(error).get('error')}") from error
    except OSError as error:
        raise LocalStackError(f"Prometheus at {url}: {error}") from error


def _point(told: Sequence[Any]) -> tuple[float, float]:
    return float(told[0]), float(told[1])
