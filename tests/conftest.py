import json
import signal
from collections import defaultdict
from pathlib import Path

import pytest

from tests import budgets

ROOT = Path(__file__).parents[1]
DURATIONS = Path(__file__).with_name("durations.json")
"""Seconds that each file of tests took when `make durations` wrote them down."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-durations", action="store_true", help=f"write {DURATIONS.name}: how long each file took")


def pytest_configure() -> None:
    """Have Ctrl-C heeded by tests and by what they start also where a shell started them in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    return budgets.header()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files of a suite first, so that no process has a long one left when the others have ended.

    Suites stay in the order in which they were named: some share servers among all their files.
    """
    seconds = json.loads(DURATIONS.read_text())
    suites: dict[tuple[str, ...], int] = {}

    def place(item: pytest.Item) -> tuple[int, float]:
        path = item.path.relative_to(ROOT)
        return suites.setdefault(path.parts[:2], len(suites)), -seconds.get(path.as_posix(), 0)

    items.sort(key=place)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("--write-durations"):
        return
    seconds: dict[str, float] = defaultdict(float)
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if isinstance(report, pytest.TestReport):
            seconds[report.nodeid.split("::")[0]] += report.duration
    known = {path: took for path, took in json.loads(DURATIONS.read_text()).items() if (ROOT / path).exists()}
    kept = known | {path: round(took) for path, took in seconds.items()}
    DURATIONS.write_text(json.dumps(kept, indent=0, sort_keys=True) + "\n")
