"""The dashboards of deploy/grafana, read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "deploy" / "grafana"
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel."""

    dashboard: str
    panel: str
    expression: str


def read(dashboard: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(dashboard.read_text())
    return found


def queries() -> Iterator[Query]:
    """Every query of every panel."""
    for file in DASHBOARDS:
        for panel in read(file)["panels"]:
            for target in panel["targets"]:
                yield Query(file.stem, panel["title"], target["expr"])
