"""`harmonia experiments list, show` as far as no server is asked: what is refused, and where a picture goes."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from sinks.lookup import Complete
from sinks.results import ResultListReply, ResultReply, ResultsReader
from streams.cli import experiments
from streams.cli.main import app
from tests.unit.domain.experiments.example import gotv
from tests.unit.domain.experiments.writing import defined as defined_as


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["experiments", *words])


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = ResultReply(Complete(0), orjson.dumps(gotv()))
    monkeypatch.setattr(experiments, "_read", lambda *_: seen)


@pytest.mark.usefixtures("there")
def test_a_plot_is_written_to_a_name_that_ends_in_svg_only(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("contact_id\n")
    ended = run("show", "gotv-subject-lines", "--plot", str(file))
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr == f"--plot: {file}: give a name that ends in .svg, which is what is drawn\n"
    assert file.read_text() == "contact_id\n"
    picture = file.with_suffix(".SVG")
    assert run("show", "gotv-subject-lines", "--plot", str(picture)).exit_code == 0
    assert "<svg" in picture.read_text()


@pytest.mark.usefixtures("there")
def test_a_result_whose_plot_cannot_be_written_is_shown_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "no" / "such.svg"
    ended = run("show", "gotv-subject-lines", "--plot", str(file))
    assert (ended.exit_code, ended.stdout) == (1, run("show", "gotv-subject-lines").stdout)
    assert "donations, net in all" in ended.stdout
    assert ended.stderr == f"--plot: {file}: No such file or directory; give a file that may be written\n"


def test_an_experiment_without_a_result_is_told_with_the_one_that_is_spelled_like_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def one(*_: object) -> ResultReply:
        return ResultReply(Complete(0), None)

    async def every(*_: object) -> ResultListReply:
        return ResultListReply(Complete(0), {"gotv-ask": b"{}", "gotv-ask@example.org": b"{}", "rsvp": b"{}"})

    monkeypatch.setattr(ResultsReader, "one", one)
    monkeypatch.setattr(ResultsReader, "all", every)

    near, far = run("show", "gotv-aks"), run("show", "subject-7")

    assert (near.exit_code, far.exit_code) == (1, 1)
    assert near.stderr == (
        "gotv-aks: no result of this experiment: `harmonia experiments list` names those that have one; did you mean "
        "gotv-ask?\n"
    )
    assert "did you mean" not in far.stderr


def test_a_definition_that_there_is_not_is_told_with_the_one_that_is_spelled_like_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    defined = experiments.KnownDefinitions({"gotv-ask": defined_as("gotv-ask")})
    monkeypatch.setattr(experiments, "read_known_definitions", lambda _: defined)

    withdrawn = run("withdraw", "gotv-aks")
    assigned = CliRunner().invoke(app, ["assign", "gotv-aks"], input="contact_id\n")

    for ended, code in ((withdrawn, 1), (assigned, 2)):
        assert ended.exit_code == code
        assert ended.stderr == (
            "gotv-aks: no such definition: see `harmonia experiments definitions`; did you mean gotv-ask?\n"
        )
