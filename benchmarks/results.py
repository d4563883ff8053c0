"""Figures as plain data, and the file that keeps them with the facts of the machine they were measured on."""

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
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
class Measured:
    """When figures were measured, of which commit, and how fast the machine was then: None where nobody knows any more.

    `commit`: with a `+` where files differed from it. `plain_loop_ms`: the least of five of `sum(i * i for i in
    range(200_000))`, when all was over.
    """

    day: str
    commit: str | None = None
    plain_loop_ms: float | None = None

    def __str__(self) -> str:
        said = f"Measured on {date.fromisoformat(self.day):%-d %B %Y}"
        if self.commit is not None:
            said += f" of {self.commit}"
        if self.plain_loop_ms is not None:
            said += f", where a plain loop of Python took {self.plain_loop_ms:.1f} ms"
        return said


@dataclass(frozen=True, slots=True)
class Section:
    """What a suite gives: its figures under a title, and what a reader must know to judge them."""

    title: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()
    measured: Measured | None = None


def measured_now() -> Measured:
    """This moment, the commit of the files beside this one, and the speed of the machine."""
    return Measured(datetime.now(UTC).date().isoformat(), commit_of(RESULTS.parent), _plain_loop_ms())


def _plain_loop_ms() -> float:
    def once() -> float:
        began = time.perf_counter()
        sum(i * i for i in range(200_000))
        return (time.perf_counter() - began) * 1000

    return round(min(once() for _ in range(5)), 1)


def commit_of(benchmarks: Path) -> str | None:
    """What is checked out there, with `+` where a tracked file other than results is changed; None in no clone."""
    changed = ("status", "--porcelain", "--untracked-files=no", "--", ":(top)", f":(exclude){RESULTS.name}")
    try:
        said = [
            subprocess.run(["git", *words], cwd=benchmarks, capture_output=True, text=True, check=True).stdout
            for words in (("rev-parse", "--short=8", "HEAD"), changed)
        ]
    except (OSError, subprocess.CalledProcessError):
        return None
    return said[0].strip() + ("+" if said[1] else "")


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


def read_results(file: Path) -> list[Section]:
    """The sections that a file keeps; none where there is no file."""
    return [_section(said) for said in json.loads(file.read_bytes())["sections"]] if file.exists() else []


def put_into(kept: Sequence[Section], new: Sequence[Section]) -> list[Section]:
    """Sections in their order, each in place of the one of its title that was kept, and what is new behind them."""
    by_title = {section.title: section for section in (*kept, *new)}
    return list(by_title.values())


def _section(said: dict[str, Any]) -> Section:
    figures = tuple(
        Figure(
            *(each["subject"], each["name"], each["unit"], tuple(each["values"])),
            None if each["goal"] is None else Goal(**each["goal"]),
        )
        for each in said["figures"]
    )
    measured = said.get("measured")
    return Section(said["title"], figures, tuple(said["notes"]), None if measured is None else Measured(**measured))


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
    measured = {} if section.measured is None else {"measured": asdict(section.measured)}
    return {"title": section.title, "notes": list(section.notes), **measured, "figures": figures}


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
