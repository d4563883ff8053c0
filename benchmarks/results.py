"""Figures as plain data, and the file that keeps them with the facts of the machine they were measured on."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import psutil

RESULTS = Path(__file__).with_name("results")
_LIBRARIES = ("faust-streaming", "aiokafka", "msgspec", "orjson")


@dataclass(frozen=True, slots=True)
class Goal:
    """The bound that the median of a figure should keep."""

    bound: Literal["at most", "at least"]
    value: float

    def reached_by(self, median: float) -> bool:
        """Whether a median is on the right side of the bound."""
        return median <= self.value if self.bound == "at most" else median >= self.value


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured, once in each run; `subject` is whose it is, such as a peer."""

    subject: str
    name: str
    unit: str
    values: tuple[float, ...]
    goal: Goal | None = None

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"{self.subject}, {self.name}: a figure needs a value")

    @property
    def median(self) -> float:
        """The middle of all runs."""
        return statistics.median(self.values)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        return None if self.goal is None else self.goal.reached_by(self.median)


@dataclass(frozen=True, slots=True)
class Section:
    """What a suite gives: its figures under a title, and what a reader must know to judge them."""

    title: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


def machine() -> dict[str, Any]:
    """What a figure depends on besides the code."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "cpu": _cpu_model(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def write_results(sections: Sequence[Section], file: Path) -> None:
    """Keep figures and machine facts as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine(), "sections": [_plain(section) for section in sections]}
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _plain(section: Section) -> dict[str, Any]:
    figures = [
        {
            **asdict(figure),
            "median": figure.median,
            "min": min(figure.values),
            "max": max(figure.values),
            "reached": figure.reached,
        }
        for figure in section.figures
    ]
    return {"title": section.title, "notes": list(section.notes), "figures": figures}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
