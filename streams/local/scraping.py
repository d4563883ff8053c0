"""A Prometheus that scrapes processes of this machine, and the answers to what it is asked."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streams.local.errors import LocalStackError

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Series:
    """Values by time, in seconds since 1970."""

    labels: Labels
    points: Sequence[tuple[float, float]]


def scrape_config(targets: Mapping[str, Sequence[str]], rules: Iterable[Path], every_s: int) -> str:
    """The text of a configuration: `targets` are addresses, host:port, by job."""
    jobs = [{"job_name": job, "static_configs": [{"targets": list(named)}]} for job, named in targets.items()]
    pace = {"scrape_interval": f"{every_s}s", "evaluation_interval": f"{every_s}s"}
    files = [str(file.resolve()) for file in rules]
    return json.dumps({"global": pace, "rule_files": files, "scrape_configs": jobs})  # JSON is YAML


def query(url: str, expression: str) -> list[Series]:
    """What an expression is now; a number without labels is a series. Raises `LocalStackError`."""
    found = _ask(url, "query", {"query": expression})
    if found["resultType"] == "scalar":
        return [Series({}, [_point(found["result"])])]
    return [Series(each["metric"], [_point(each["value"])]) for each in found["result"]]


def query_range(url: str, expression: str, span: tuple[float, float], step_s: float) -> list[Series]:
    """What it was from begin to end of the span. Raises `LocalStackError`."""
    begin, end = map(str, span)
    found = _ask(url, "query_range", {"query": expression, "start": begin, "end": end, "step": str(step_s)})
    return [Series(each["metric"], [_point(point) for point in each["values"]]) for each in found["result"]]


def rule_errors(url: str) -> list[str]:
    """What rules could not be evaluated, and why. Raises `LocalStackError`."""
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
