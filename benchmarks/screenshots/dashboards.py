"""A dashboard's JSON, and what Prometheus answers to each of its panels."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from streams.local.prometheus import Series, query_range

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
STEPS = 150
_LABEL = re.compile(r"\{\{(\w+)\}\}")
_WINDOWS = {"6h": "180s", "1h": "30s", "10m": "20s", "5m": "15s", "$__rate_interval": "10s"}
"""The demo's evening takes minutes: what stands for an hour of it, and for other windows."""


class Place(NamedTuple):
    """Where a panel is, in columns of 24 and in rows."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Line:
    """A named series."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel with its data.

    `kind`: timeseries, stat, bargauge or table; `bars`, `stacked`: of a timeseries; `whole`: numbers have no decimals.
    """

    title: str
    kind: str
    place: Place
    unit: str
    lines: Sequence[Line]
    stacked: bool = False
    bars: bool = False
    most: float | None = None
    whole: bool = False

    def last(self, line: Line) -> float:
        """The newest value, without decimals where the panel shows none."""
        value = line.points[-1][1]
        return round(value) if self.whole else value


def title_of(name: str) -> str:
    """The title of a dashboard."""
    return str(_read(name)["title"])


def panels(name: str, url: str, span: tuple[float, float]) -> list[Panel]:
    """The panels of a dashboard as they were from begin to end of a span. Raises `LocalStackError`."""
    return [_panel(said, url, span) for said in _read(name)["panels"]]


def compressed(text: str) -> str:
    """A query or a file of rules, with windows that fit a short evening."""
    for window, short in _WINDOWS.items():
        text = text.replace(f"[{window}]", f"[{short}]")
    return text


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def _panel(said: dict[str, Any], url: str, span: tuple[float, float]) -> Panel:
    lines: list[Line] = []
    for target in said["targets"]:
        found = query_range(url, compressed(target["expr"]), span, (span[1] - span[0]) / STEPS)
        lines += [_line(each, target["legendFormat"]) for each in found]
    defaults = said["fieldConfig"]["defaults"]
    custom = defaults.get("custom", {})
    return Panel(
        title=said["title"],
        kind=said["type"],
        place=Place(**said["gridPos"]),
        unit=defaults["unit"],
        lines=sorted(lines, key=lambda line: -max((value for _, value in line.points), default=0)),
        stacked="stacking" in custom,
        bars=custom.get("drawStyle") == "bars",
        most=defaults.get("max"),
        whole=defaults.get("decimals") == 0,
    )


def _line(series: Series, legend: str) -> Line:
    name = _LABEL.sub(lambda found: series.labels.get(found[1], ""), legend)
    return Line(name or ", ".join(series.labels.values()), [each for each in series.points if math.isfinite(each[1])])
