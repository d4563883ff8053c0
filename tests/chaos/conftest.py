"""Which scenarios run, and over which seeds.

`CHAOS_SEEDS="1 2 3"` runs all of them over these seeds (`make chaos`). Without it the short part runs, with one seed.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.demo.script import Script
from streams.local.stack import Stack, local_stack
from tests.chaos.script import small_script
from tests.chaos.site import Site, open_site

SEEDS = [int(seed) for seed in os.environ.get("CHAOS_SEEDS", "").split()]
SHORT_SEED = 1
STANDSTILL = "seconds without a record in contact-state, all and worst partition"
"""A property of a scenario that is told at the end, and kept in the file that `CHAOS_STANDSTILLS` names."""
HERE = Path(__file__).parent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", SEEDS or [SHORT_SEED], ids=lambda seed: f"seed{seed}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = []
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.chaos)
            if not SEEDS and item.get_closest_marker("short") is None:
                left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in [*terminalreporter.stats.get("failed", []), *terminalreporter.stats.get("error", [])]:
        name, _, seed = report.nodeid.rpartition("::")[2].partition("[")
        if "tests/chaos/" in report.nodeid and "seed" in seed:
            number = "".join(filter(str.isdigit, seed))
            terminalreporter.write_line(f'alone: make chaos SEEDS={number} ARGS="-k {name}"')
    passed = [report for report in terminalreporter.stats.get("passed", []) if report.when == "call"]
    told = {report.nodeid.rpartition("::")[2]: dict(report.user_properties).get(STANDSTILL) for report in passed}
    standstills = {name: seconds for name, seconds in told.items() if seconds}
    for name, seconds in standstills.items():
        terminalreporter.write_line(f"{name}: {STANDSTILL}: {seconds}")
    if standstills and (file := os.environ.get("CHAOS_STANDSTILLS")):
        before = json.loads(Path(file).read_text()) if Path(file).exists() else {}
        Path(file).write_text(json.dumps(before | standstills, indent=1, sort_keys=True) + "\n")


@pytest.fixture(scope="package")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Stack]]:
    """Servers that nobody harms, for all scenarios that harm something else; gone with the last of these.

    A broker that nobody asks anything takes a tenth of a core from the tests that come after.
    """
    home = tmp_path_factory.mktemp("ground")
    with local_stack(home) as stack:
        yield home, stack


@pytest.fixture
def site(ground: tuple[Path, Stack], tmp_path: Path) -> Iterator[Site]:
    """A site on servers that must not be harmed."""
    home, stack = ground
    with open_site(home, stack, tmp_path) as site:
        yield site


@pytest.fixture
def frail_site(tmp_path: Path) -> Iterator[Site]:
    """A site on servers of its own."""
    home = tmp_path / "stack"
    with local_stack(home) as stack, open_site(home, stack, tmp_path) as site:
        yield site


@pytest.fixture
def script(seed: int) -> Script:
    return small_script(seed)
