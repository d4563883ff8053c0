import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.__main__ import _draw
from benchmarks.curves import draw as draw_curves
from benchmarks.report import table
from benchmarks.results import (
    RESULTS,
    Figure,
    Goal,
    Measured,
    Section,
    commit_of,
    read_results,
    write_results,
)


def test_what_is_kept_is_read_as_it_was_written(tmp_path: Path) -> None:
    figures = (Figure("ours", "CPU", "µs", (8.0, 7.0), Goal("at most", 10)), Figure("theirs", "CPU", "µs", (9.0,)))
    sections = [
        Section("Speed", figures, ("beside a broker",), Measured("2026-11-30", "1a2b3c4d", 9.8)),
        Section("Memory", figures[:1]),
    ]
    write_results(sections, tmp_path / "kept.json")
    assert read_results(tmp_path / "kept.json") == sections
    assert read_results(tmp_path / "nothing.json") == []


def test_a_commit_counts_as_changed_by_other_files_than_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *words], cwd=tmp_path, check=True)

    benchmarks = tmp_path / "benchmarks"
    (benchmarks / "results").mkdir(parents=True)
    code, kept = tmp_path / "engine.py", benchmarks / "results" / "load.json"
    assert commit_of(benchmarks) is None
    code.write_text("1")
    kept.write_text("1")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")

    kept.write_text("2")
    unchanged = commit_of(benchmarks)
    code.write_text("2")
    assert unchanged is not None
    assert re.fullmatch(r"[0-9a-f]{8,}", unchanged)
    assert commit_of(benchmarks) == f"{unchanged}+"


@pytest.mark.parametrize("name", ["bench", "load", "all-peers"])
def test_the_tables_that_are_kept_are_those_of_the_figures_beside_them(name: str) -> None:
    sections = read_results(RESULTS / f"{name}.json")
    assert (RESULTS / f"{name}.md").read_text() == "\n".join(map(table, sections))


def test_the_pictures_that_are_kept_are_drawn_of_the_figures_beside_them(
    tmp_path: Path,
) -> None:
    _draw(read_results(RESULTS / "bench.json"), tmp_path / "bench.svg")
    assert draw_curves(RESULTS / "load.json", RESULTS / "before.json", tmp_path / "load-curves.svg")
    for picture in tmp_path.iterdir():
        assert picture.read_text() == (RESULTS / picture.name).read_text()
