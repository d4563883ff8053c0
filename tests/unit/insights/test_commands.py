import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.cli.series import sparkline


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["insights", "email.forwarded"], "METRIC: give one of ballot.reported,"),
        (["insights", "email.sent", "--from", "today"], "--from: give a date such as 2012-02-22"),
        (["report", "daily", "--date", "yesterday"], "--date: give a date such as 2012-02-22"),
        (["report", "daily", "--date", "1969-01-01"], "--date: give a date such as 2012-02-22"),
        (["report", "daily", "--date", "2199-01-01"], "--date: this day has not begun"),
    ],
)
def test_what_cannot_be_asked_is_refused(words: list[str], said: str) -> None:
    ended = CliRunner().invoke(app, words)

    assert ended.exit_code == 2
    assert ended.output.startswith(said)


@pytest.mark.parametrize(
    ("values", "shown"),
    [([], ""), ([0, 0], "▁▁"), ([0, 4, 7], "▁▅█"), ([-3, 7], "▁█"), ([1, 1, 2, 2, 0], "▅█▁")],
)
def test_a_line_of_bars(values: list[int], shown: str) -> None:
    assert sparkline(values, 3) == shown
