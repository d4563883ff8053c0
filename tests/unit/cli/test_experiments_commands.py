"""`harmonia experiments list, show` as far as no server is asked: what is refused, and where a picture goes."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from sinks.lookup import Complete
from sinks.results import ResultReply
from streams.cli import experiments
from streams.cli.main import app
from tests.unit.domain.experiments.example import gotv


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


def test_a_status_that_there_is_not_is_told_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    ended = run("list", "--status", "foo")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "Invalid value for '--status': 'foo' is not one of 'running', 'ended', 'recounting'." in ended.stderr
