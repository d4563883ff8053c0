"""The tables of a backtest, in words and units that people know, with its warnings first."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from events.times import render_time
from streams.domain.experiments.report.pages import Page, PageTable, Row
from streams.domain.money import money
from streams.history.backtest.backtest_run import BacktestOptions, BacktestResult
from streams.history.backtest.report.figures import (
    POLICIES,
    VERDICTS,
    Interval,
    changes,
    currency_of,
    mean_amount,
    of_decision,
    reasons,
    split,
    wilson_interval,
)
from streams.history.backtest.tally import DAY, Cell

_WIDE = 116
"""Characters that a table with intervals needs."""
_FOLLOWED = ("touches", "people", "gave", "given a person", "left", "complained")


def page(result: BacktestResult, options: BacktestOptions, width: int | None = None) -> Page:
    """The whole page. `width`: characters; where they are few, intervals stand in tables of their own."""
    currency = currency_of(result.tally)
    days = f"{options.window / DAY:g} days"
    parts = [_decisions(result)]
    told = partial(_apart if width is not None and width < _WIDE else _followed, currency=currency)
    parts += told("what followed, by what the two policies say (old → new)", changes(result.tally))
    for policy in POLICIES:
        rows = [(verdict, of_decision(result.tally, policy, verdict)) for verdict in VERDICTS]
        parts += told(f"what followed, by what the {policy} policy says", rows)
    parts += [_reasons(result), *(_splits(result, by) for by in ("team", "channel", "week"))]
    return Page(
        list(_warnings(result, options, days)),
        list(_facts(result, options)),
        [each for each in parts if each.rows],
        _notes(days),
    )


def _warnings(result: BacktestResult, options: BacktestOptions, days: str) -> Iterator[str]:
    if (gap := options.gap) is not None:
        since = f"{render_time(gap.since)[:16]}Z"
        yield (
            f"the lake covers what came in up to {since.replace('T', ' ')}: {gap.records:,} offsets of interactions "
            "since then are not in it, and are left out; `harmonia lake run` writes them"
        )
    if not result.sends + result.unjudged:
        yield f"nobody was reached in this time: of {result.rows:,} interactions none is a touch in it"
    if not result.linked:
        alone = "each identifier counts as a person of its own"
        if result.lake:
            yield f"the lake has no snapshot of who is one person: {alone}. `harmonia lake snapshot` takes one"
        else:
            yield f"who is one person is not told there: {alone}"
    if result.open:
        yield f"{result.open:,} touches are of the last {days}: what followed them is not all known yet"
    if result.unjudged:
        yield f"{result.unjudged:,} touches are at times that no policy can be asked about, and were left out"


def _facts(result: BacktestResult, options: BacktestOptions) -> Iterator[tuple[str, str]]:
    yield "new policy", _policy(options.new_name, options.new.version)
    yield "old policy", _policy(options.old_name, options.old.version)
    yield "touches", f"{result.sends:,} of {result.people:,} people, from {result.rows:,} interactions"
    if options.cascade:
        yield "judged", "one after the other: what a policy does not allow does not count for later touches"
    else:
        yield "judged", "as it was: what a policy does not allow happened all the same, and counts for later touches"


def _policy(name: str, version: str) -> str:
    return f"{name}, version {version}" if name else version


def _notes(days: str) -> Sequence[str]:
    return (
        f"What followed: within {days} after a touch. A person counts once in a line, with each gift once.",
        "Intervals are 95 %: of rates Wilson's, of money by resampling people.",
        "It is not what the touches caused: those whom a policy denies are other people than those whom it allows.",
    )


def _decisions(result: BacktestResult) -> PageTable:
    rows = []
    for verdict in VERDICTS:
        cells = [of_decision(result.tally, policy, verdict) for policy in POLICIES]
        told = [text for cell in cells for text in (f"{cell.touches:,}", _share(cell.touches, result.sends))]
        rows.append((verdict, *told))
    return PageTable(
        "decisions", ("decision", "new", "", "old", ""), rows if result.sends else [], frozenset({1, 2, 3, 4})
    )


def _followed(title: str, groups: Sequence[tuple[str, Cell]], *, currency: str | None) -> Iterator[PageTable]:
    rows = [(name, *followed(cell, currency)) for name, cell in groups if cell.touches]
    yield PageTable(title, ("decision", *_FOLLOWED), rows, frozenset({1, 2}))


def _apart(title: str, groups: Sequence[tuple[str, Cell]], *, currency: str | None) -> Iterator[PageTable]:
    """The table without intervals, and a second one with the intervals."""
    for shown in _followed(title, groups, currency=currency):
        rows = [(*row[:3], *(cell.partition(" (")[0] for cell in row[3:])) for row in shown.rows]
        yield replace(shown, rows=rows, right=frozenset(range(1, 7)))
        ends = [(row[0], *(cell.partition(" (")[2].rstrip(")") or "-" for cell in row[3:])) for row in shown.rows]
        yield PageTable(f"{title}: intervals", ("decision", *_FOLLOWED[2:]), ends)


def followed(cell: Cell, currency: str | None) -> Row:
    """Touches, people, and the outcomes of those people, each with its interval."""
    return (
        f"{cell.touches:,}",
        f"{cell.people:,}",
        rate(wilson_interval(cell.gave, cell.people)),
        amount(cell, currency),
        rate(wilson_interval(cell.left, cell.people)),
        rate(wilson_interval(cell.complained, cell.people)),
    )


def rate(found: Interval | None) -> str:
    """`4.1 % (3.2 to 5.0)`."""
    if found is None:
        return "-"
    return f"{found.value * 100:.1f} % ({found.low * 100:.1f} to {found.high * 100:.1f})"


def amount(cell: Cell, currency: str | None) -> str:
    """The mean amount of all people of a cell, whether they gave or not."""
    if currency is None or not cell.people:
        return "-"
    told = money(cell.amounts[currency] / cell.people, currency)
    ends = mean_amount(cell, currency)
    if ends is None:
        return f"{told} (too few)"
    return f"{told} ({money(ends.low, currency)} to {money(ends.high, currency)})"


def _reasons(result: BacktestResult) -> PageTable:
    rows = [
        (reason, verdict, f"{new:,}", f"{old:,}", f"{new - old:+,}" if new != old else "")
        for reason, verdict, new, old in reasons(result.tally)
    ]
    return PageTable(
        "reasons (docs/policy.md)", ("reason", "decision", "new", "old", "more"), rows, frozenset({2, 3, 4})
    )


def _splits(result: BacktestResult, by: str) -> PageTable:
    rows = []
    for value in result.tally.values(by):
        new, old = (split(result.tally, policy, by, value) for policy in POLICIES)
        held = [_share(each[1] + each[2], sum(each)) for each in (new, old)]
        rows.append((value, f"{sum(new):,}", *(f"{count:,}" for count in new), held[0], held[1]))
    columns = (by, "touches", "allow", "defer", "deny", "not allowed", "by the old")
    title = f"by {by}, under the new policy" + (" (Mondays, UTC)" if by == "week" else "")
    return PageTable(title, columns, rows, frozenset(range(1, 7)))


def _share(count: int, of: int) -> str:
    return f"{count / of * 100:.1f} %" if of else "-"
