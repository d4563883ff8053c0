"""The figures of a backtest with their 95 % confidence intervals, in the order in which people read them.

Shares of people have Wilson's interval, amounts of money one by resampling.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest

from events.times import render_time
from streams.history.backtest.backtest_run import BacktestOptions, BacktestResult
from streams.history.backtest.tally import DAY, Cell, CellKey, Tally

LEVEL = 0.95
FEWEST_PEOPLE, FEWEST_GIVERS = 30, 5
"""With fewer, no mean amount has an interval: gifts are too uneven, and nothing can be resampled from none."""


class Interval(NamedTuple):
    """A figure and the ends of its confidence interval."""

    value: float
    low: float
    high: float


def wilson_interval(count: int, of: int) -> Interval | None:
    """A share of people, by Wilson's score (1927); None: there are none."""
    if not of:
        return None
    found = binomtest(count, of).proportion_ci(LEVEL, method="wilson")
    return Interval(count / of, float(found.low), float(found.high))


def mean_amount(cell: Cell, currency: str) -> Interval | None:
    """Minor units a person, by the quantiles of the resamples; None: too few people or givers."""
    sums = cell.sums.get(currency)
    if sums is None or cell.people < FEWEST_PEOPLE or cell.gave < FEWEST_GIVERS:
        return None
    value = cell.amounts[currency] / cell.people
    means = sums / np.maximum(cell.drawn, 1.0)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, min(value, float(low)), max(value, float(high)))


VERDICTS = ("allow", "defer", "deny")
POLICIES = ("new", "old")


def of_decision(tally: Tally, policy: str, verdict: str) -> Cell:
    """The cell of all touches on which a policy decided so."""
    return tally.cell(CellKey(policy, "all", "", verdict))


def changes(tally: Tally) -> list[tuple[str, Cell]]:
    """Cells by change of decision, such as `allow → deny`; unchanged decisions first."""
    order = [f"{before} → {after}" for before in VERDICTS for after in VERDICTS]
    order.sort(key=lambda each: each.partition(" → ")[0] != each.partition(" → ")[2])
    cells = ((each, tally.cell(CellKey("both", "change", each, ""))) for each in order)
    return [(each, cell) for each, cell in cells if cell.touches]


def reasons(tally: Tally) -> list[tuple[str, str, int, int]]:
    """Reason, decision, and touches under the new and the old policy; the commonest first."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for place, cell in tally.cells.items():
        if place.by == "reason":
            counts.setdefault((place.value, place.verdict), Counter())[place.policy] += cell.touches
    found = [(reason, verdict, count["new"], count["old"]) for (reason, verdict), count in counts.items()]
    return sorted(found, key=lambda each: (-max(each[2:]), each))


def split(tally: Tally, policy: str, by: str, value: str) -> tuple[int, int, int]:
    """Touches of a team, channel or week that a policy allows, defers and denies."""
    allow, defer, deny = (tally.cell(CellKey(policy, by, value, verdict)).touches for verdict in VERDICTS)
    return allow, defer, deny


def weeks_of(tally: Tally) -> list[str]:
    """Every week from the first touch to the last, by its Monday, including weeks without a touch."""
    touched = [date.fromisoformat(week) for week in tally.values("week")]
    if not touched:
        return []
    weeks = (max(touched) - min(touched)).days // 7 + 1
    return [(min(touched) + timedelta(weeks=number)).isoformat() for number in range(weeks)]


def currency_of(tally: Tally) -> str | None:
    """The currency in which most was given; None: nothing was."""
    amounts = Counter[str]()
    for _, cell in changes(tally):
        amounts.update(cell.amounts)
    return max(amounts, key=lambda each: (amounts[each], each), default=None)


def json_of(result: BacktestResult, options: BacktestOptions) -> dict[str, Any]:
    """The whole result as a JSON document. Amounts in minor units."""
    names = ("rows", "people", "sends", "open", "unjudged", "linked")
    return {
        "policies": {"new": options.new.version, "old": options.old.version},
        "names": {"new": options.new_name or None, "old": options.old_name or None},
        "cascade": options.cascade,
        "window_days": options.window / DAY,
        **{name: getattr(result, name) for name in names},
        "not_in_lake": None
        if options.gap is None
        else {"records": options.gap.records, "since": render_time(options.gap.since)},
        "cells": list(_cells(result.tally)),
    }


def _cells(tally: Tally) -> Iterator[dict[str, Any]]:
    for place, cell in sorted(tally.cells.items()):
        said = {"policy": place.policy, "by": place.by, "value": place.value, "decision": place.verdict or None}
        counts = {name: getattr(cell, name) for name in ("touches", "people", "gifts")}
        parts = {
            name: _of_people(getattr(cell, name), wilson_interval(getattr(cell, name), cell.people))
            for name in ("gave", "left", "complained")
        }
        amounts = {
            currency: {"sum": amount, "a_person": _ends(mean_amount(cell, currency))}
            for currency, amount in sorted(cell.amounts.items())
        }
        yield {**said, **counts, **parts, "amounts": amounts}


def _of_people(count: int, found: Interval | None) -> dict[str, Any]:
    return {"people": count, "rate": _ends(found)}


def _ends(found: Interval | None) -> dict[str, float] | None:
    return None if found is None else {name: round(value, 6) for name, value in found._asdict().items()}
