"""The page on reading results shows what the command prints, and explains every warning that there is."""

import re
from pathlib import Path

import pytest

from streams.cli.experiments import print_page
from streams.domain.experiments.report.pages import page
from streams.domain.experiments.report.summary import warnings_of
from streams.services.experiment_plot import svg
from tests.unit.domain.experiments.example import doors, gotv, watched

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "experiments-reading.md").read_text()


def test_the_output_is_that_of_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_page(page(gotv()))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    assert TEXT.partition("<!-- shown -->\n```\n")[2].partition("\n```")[0].splitlines() == lines


def test_the_picture_is_drawn_as_the_command_draws_it() -> None:
    assert (DOCS / "screenshots" / "experiment.svg").read_text() == svg(watched(gotv()))


def test_each_warning_is_explained() -> None:
    said = {warning.partition(":")[0] for result in (gotv(), doors()) for warning in warnings_of(result)}

    assert len(said) == 6
    assert said <= {*re.findall(r"^\| `([A-Z ]+)` \|", TEXT, re.MULTILINE)}
