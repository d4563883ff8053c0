"""A backtest as one HTML file that needs nothing else, in the light or the dark, on a screen or on paper."""

from collections.abc import Iterator

from streams.domain.experiments.report.pages import Page, Part
from streams.history.backtest.backtest_run import Orders, Result
from streams.history.backtest.intervals import Interval, mean_amount, part
from streams.history.backtest.report import charts
from streams.history.backtest.report.charts import Estimate
from streams.history.backtest.report.figures import POLICIES, changes, currency_of, reasons, split, weeks_of
from streams.history.backtest.report.pages import amount, page, rate
from streams.history.backtest.tally import Cell
from streams.history.drawing import escaped
from streams.history.html_file import html_file

MOST_REASONS = 16
_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --paper: #fff; --alarm: #9a6700;
  --allow: #0969da; --defer: #d4a72c; --deny: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --faint: #9198a1; --line: #3d444d; --paper: #0d1117;
  --alarm: #d29922; --allow: #4493f8; --defer: #d29922; --deny: #f85149; } }
body { margin: 0 auto; max-width: 52rem; padding: 1.5rem 1rem 3rem; color: var(--ink); background: var(--paper);
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .6rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
.warning { border-left: 4px solid var(--alarm); padding-left: .8rem; } .note, dt { color: var(--faint); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dd { margin: 0; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { color: var(--faint); font-weight: 500; font-size: .85em; } th, td { text-align: left; padding: .2rem .5rem;
  border-bottom: 1px solid var(--line); } td span { white-space: nowrap; } .right { text-align: right; }
section { break-inside: avoid; } @media print { body { font-size: 11px; max-width: none; } @page { margin: 14mm; } }
"""


def html_of(result: Result, orders: Orders) -> str:
    """The whole file."""
    shown = page(result, orders)
    title = f"What {orders.new_name or f'policy {orders.new.version}'} would have said"
    parts = [f"<h1>{escaped(title)}</h1>", *_head(shown), *_charts(result), *map(_table, shown.parts)]
    parts += [f'<p class="note">{escaped(note)}</p>' for note in shown.notes]
    return html_file(title, _STYLE + charts.STYLE, parts)


def _head(shown: Page) -> Iterator[str]:
    yield from (f'<p class="warning">{escaped(each)}</p>' for each in shown.warnings)
    yield "<dl>" + "".join(f"<dt>{escaped(what)}</dt><dd>{escaped(is_)}</dd>" for what, is_ in shown.facts) + "</dl>"


def _charts(result: Result) -> Iterator[str]:
    tally = result.tally
    if not result.sends:
        return
    weeks = weeks_of(tally)
    panels = [
        (f"{policy} policy", [(week, split(tally, policy, "week", week)) for week in weeks]) for policy in POLICIES
    ]
    yield _section("Touches by week", charts.columns("Touches by week and decision", panels))
    common = [(f"{reason} ({verdict})", new, old) for reason, verdict, new, old in reasons(tally)[:MOST_REASONS]]
    yield _section("Why", charts.pairs("Touches by reason, new and old", common))
    for by in ("team", "channel"):
        rows = [
            (f"{value}, {policy}", split(tally, policy, by, value)) for value in tally.values(by) for policy in POLICIES
        ]
        yield _section(f"By {by}", charts.shares(f"Touches by {by} and decision, new and old", rows))
    currency = currency_of(tally)
    for name, told, estimates in _outcomes(changes(tally), currency):
        yield _section(name, charts.intervals(told, estimates))


def _outcomes(groups: list[tuple[str, Cell]], currency: str | None) -> Iterator[tuple[str, str, list[Estimate]]]:
    told = "by what the two policies say (old → new)"
    for title, field in (("Gave", "gave"), ("Left", "left"), ("Complained", "complained")):
        found = [(name, part(getattr(cell, field), cell.people)) for name, cell in groups]
        yield f"{title} afterwards, {told}", title, [Estimate(name, each, rate(each)) for name, each in found if each]
    if currency is not None:
        means: list[tuple[str, Interval | None, Cell]] = [
            (name, mean_amount(cell, currency), cell) for name, cell in groups
        ]
        rows = [Estimate(name, each, amount(cell, currency)) for name, each, cell in means if each is not None]
        yield f"Given a person afterwards, {told}", "Given", rows


def _section(title: str, inner: str) -> str:
    return f"<section><h2>{escaped(title)}</h2>\n{inner}</section>"


def _whole(cell: str) -> str:
    """A cell that is broken before its interval alone, so that no column is pushed off a page."""
    value, bracket, interval = cell.partition(" (")
    parts = [value, f"({interval}"] if bracket else [value]
    return " ".join(f"<span>{escaped(part)}</span>" for part in parts)


def _table(shown: Part) -> str:
    def cells(row: tuple[str, ...], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=right' if place in shown.right else ''}>{_whole(cell)}</{tag}>"
            for place, cell in enumerate(row)
        )

    rows = "\n".join(f"<tr>{cells(row, 'td')}</tr>" for row in shown.rows)
    inner = f"<table><thead><tr>{cells(shown.columns, 'th')}</tr></thead><tbody>\n{rows}</tbody></table>"
    return _section(shown.title[0].upper() + shown.title[1:], f'<div class="scroll">{inner}</div>')
