"""`python -m benchmarks`: what was measured is kept, also where a later suite gives no figures."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import benchmarks.__main__ as command
from benchmarks.results import Figure, Section, read_results, write_results
from benchmarks.suites import BenchmarkFailed, Orders


def fails(_: Orders) -> Section:
    raise BenchmarkFailed("the broker is gone")


def gives(_: Orders) -> Section:
    return Section("Fold", (Figure("ours", "CPU", "µs", (3.0,)),))


def test_a_suite_that_fails_costs_no_figures_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.setattr(command, "BARE", {"desk": fails, "core": gives})
    app = typer.Typer()
    app.command()(command.main)
    ran = CliRunner().invoke(app, ["--suite", "desk", "--suite", "core"])
    assert ran.exit_code == 1
    assert "desk: BenchmarkFailed: the broker is gone\n" in ran.stderr
    assert ran.stderr.endswith("no figures of desk\n")
    [kept] = json.loads((tmp_path / "part.json").read_text())["sections"]
    assert kept["title"] == "Fold"


def test_what_is_measured_again_is_put_among_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.setattr(command, "BARE", {"core": gives})
    older = [Section(title, (Figure("ours", "CPU", "µs", (5.0,)),)) for title in ("Fold", "Links")]
    write_results(older, tmp_path / "load.json")
    app = typer.Typer()
    app.command()(command.main)
    assert CliRunner().invoke(app, ["--suite", "core", "--into", "load"]).exit_code == 0
    fold, links = read_results(tmp_path / "load.json")
    assert (fold.title, fold.figures[0].values) == ("Fold", (3.0,))
    assert fold.measured is not None
    assert links == older[1]
    assert "| ours: CPU |     3.00 |" in (tmp_path / "load.md").read_text()


def test_figures_are_kept_nowhere_else_than_among_results() -> None:
    app = typer.Typer()
    app.command()(command.main)
    ran = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["--suite", "core", "--into", "../load"])
    assert ran.exit_code == 2
    assert "--into: give a name such as load, of a file in benchmarks/results" in ran.stderr
