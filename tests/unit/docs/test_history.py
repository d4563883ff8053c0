"""The pages on replay and backtest say the numbers that the code goes by."""

from pathlib import Path

from streams.history.backtest.backtest_run import WINDOW
from streams.history.backtest.report.figures import FEWEST_GIVERS, FEWEST_PEOPLE
from streams.history.backtest.tally import DAY, RESAMPLES
from streams.history.replay.pacing import BUSY_S, CALM_S, FEW, TOO_BUSY_S
from streams.history.replay.replay_run import FOLDER, STAGE
from streams.history.replay.row_decisions import WINDOW_MARGIN_MS

DOCS = Path(__file__).parents[3] / "docs"
REPLAY = (DOCS / "replay.md").read_text("utf-8")
BACKTEST = " ".join((DOCS / "backtest.md").read_text("utf-8").split())


def test_when_a_replay_yields_is_what_its_page_says() -> None:
    said = [line.split("|")[1].strip() for line in REPLAY.partition("| workers are behind by")[2].splitlines()[2:5]]

    assert said == [
        f"up to {FEW} records, or {CALM_S:g} seconds",
        f"{BUSY_S:g} seconds and more",
        f"{TOO_BUSY_S:g} seconds and more",
    ]


def test_the_names_and_the_margin_of_a_replay_are_those_of_its_page() -> None:
    assert f"$HARMONIA_HOME/{FOLDER}" in REPLAY
    assert f"(stage `{STAGE}`)" in REPLAY
    assert (WINDOW_MARGIN_MS, "Two hours of the week" in REPLAY) == (2 * 3_600_000, True)


def test_the_figures_of_a_backtest_are_those_of_its_page() -> None:
    assert f"within {WINDOW // DAY} days" in BACKTEST
    assert f"({RESAMPLES} resamples" in BACKTEST
    assert f"fewer than {FEWEST_PEOPLE} people or {FEWEST_GIVERS} givers" in BACKTEST
