"""Renders a backtest as one self-contained HTML file, light or dark, for a screen or paper."""

from collections.abc import Iterator

from streams.history.backtest.backtest_run import BacktestOptions, BacktestResult
from streams.history.backtest.report import charts
from streams.history.backtest.report.charts import Chart, Estimate
from streams.history.backtest.report.figures import (
    POLICIES,
    Interval,
    changes,
    currency_of,
    mean_amount,
    reasons,
    split,
    weeks_of,
    wilson_interval,
)
from streams.history.backtest.report.pages import amount, page, rate
from streams.history.backtest.tally import Cell
from streams.history.page_templates import render

MOST_REASONS = 16


def html_of(result: BacktestResult, options: BacktestOptions) -> str:
    """The HTML file."""
    title = f"What {options.new_name or f'policy {options.new.version}'} would have said"
    data = {"title": title, "page": page(result, options), "charts": [*_charts(result)]}
    return render(__package__, "backtest.html", data)


def _charts(result: BacktestResult) -> Iterator[tuple[str, Chart]]:
    """Every chart with its heading."""
    tally = result.tally
    if not result.sends:
        return
    weeks = weeks_of(tally)
    panels = [
        (f"{policy} policy", [(week, split(tally, policy, "week", week)) for week in weeks]) for policy in POLICIES
    ]
    yield "Touches by week", charts.columns("Touches by week and decision", panels)
    common = [(f"{reason} ({verdict})", new, old) for reason, verdict, new, old in reasons(tally)[:MOST_REASONS]]
    yield "Why", charts.pairs("Touches by reason, new and old", common)
    for by in ("team", "channel"):
        rows = [
            (f"{value}, {policy}", split(tally, policy, by, value)) for value in tally.values(by) for policy in POLICIES
        ]
        yield f"By {by}", charts.shares(f"Touches by {by} and decision, new and old", rows)
    currency = currency_of(tally)
    for name, told, estimates in _outcomes(changes(tally), currency):
        yield name, charts.intervals(told, estimates)


def _outcomes(groups: list[tuple[str, Cell]], currency: str | None) -> Iterator[tuple[str, str, list[Estimate]]]:
    told = "by what the two policies say (old → new)"
    for title, field in (("Gave", "gave"), ("Left", "left"), ("Complained", "complained")):
        found = [(name, wilson_interval(getattr(cell, field), cell.people)) for name, cell in groups]
        yield f"{title} afterwards, {told}", title, [Estimate(name, each, rate(each)) for name, each in found if each]
    if currency is not None:
        means: list[tuple[str, Interval | None, Cell]] = [
            (name, mean_amount(cell, currency), cell) for name, cell in groups
        ]
        rows = [Estimate(name, each, amount(cell, currency)) for name, each, cell in means if each is not None]
        yield f"Given a person afterwards, {told}", "Given", rows
