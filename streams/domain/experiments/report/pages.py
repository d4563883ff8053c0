"""A result as pages of tables for people: warnings first, then figures in units that they know, and words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from events.experiment_results import Comparison, ExperimentResult, ExperimentSummary
from events.experiments.metrics import LABELS
from events.times import parse_time, render_time
from streams.domain.experiments.report import units
from streams.domain.experiments.report.headline import (
    baseline_of,
    comparison_of,
    metrics_of,
    primary_of,
)
from streams.domain.experiments.report.summary import assigned_of, is_broken, warnings_of
from streams.domain.experiments.report.verdicts import (
    compared_message,
    contacted_message,
    guardrail_message,
    is_known,
    summary_message,
)
from streams.domain.messages import english, message
from streams.domain.money import money

Row = tuple[str, ...]
DISCOVERY = " *"
_NOTHING = "nothing yet"
_UNKNOWN = "not known"
_PROVISIONAL = "  provisional"
_HOUR_S, _DAY_S = 3_600, 86_400


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table; `right`: the columns that are numbers."""

    title: str
    columns: Row
    rows: Sequence[Row]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """`warnings` come before everything; `facts`: what and is; `notes`: how to read it, at the end."""

    warnings: Sequence[str]
    facts: Sequence[tuple[str, str]]
    parts: Sequence[PageTable]
    notes: Sequence[str]


def page(result: ExperimentResult) -> Page:
    """All of a result."""
    parts = [_people(result), *(_metric(result, name) for name in _metrics(result))]
    reached = (_contacted(result, provisional=which) for which in (False, True))
    parts += [part for part in (*reached, _guardrails(result)) if part.rows]
    return Page(warnings_of(result), list(_facts(result)), parts, list(_notes(result, parts)))


def summary_line(summary: ExperimentSummary) -> tuple[Row, str]:
    """Of a list: id, status, people, warnings and time; and how the variants do by the primary metric."""
    count = summary["warnings"]
    warned = message("experiment.warnings", warnings=count) if count else message("experiment.no_warnings")
    people = message("experiment.people", people=summary["assigned"])
    head = summary["experiment"], summary["status"], english(people), english(warned), _time(summary["as_of"])
    return head, english(summary_message(summary))


def _metrics(result: ExperimentResult) -> list[str]:
    """The primary one first."""
    measured, primary = metrics_of(result), primary_of(result)
    return sorted(measured, key=lambda name: name != primary)


def _facts(result: ExperimentResult) -> Iterator[tuple[str, str]]:
    yield "experiment", f"{result['experiment']}, {result['status']}"
    yield "as of", _time(result["as_of"], seconds=True)
    primary = primary_of(result)
    if primary is not None:
        yield "judged by", f"{primary} ({LABELS.get(primary, 'a metric of its own')})"
    if (baseline := baseline_of(result)) is not None:
        yield "compared with", baseline
    if (window := result.get("window_s")) is not None:
        yield "outcomes count", f"up to {_span(window)} after assignment"
    if result.get("unit", "contact") != "contact":
        yield "assigned by", f"{result['unit']}; figures are of people"
    yield "split", _split(result)
    yield "in two variants", f"{result['contaminated']:,} people, who count in their first"
    sums = [
        each["metrics"]["net_amount"]["sum"] for each in result["variants"].values() if "net_amount" in each["metrics"]
    ]
    if sums:
        yield "donations, net in all", money(sum(sums), result["currency"])
        if (most := result.get("winsorised_at")) is not None:
            yield "amounts compared up to", f"{money(most, result['currency'])} a person; sums are whole"


def _split(result: ExperimentResult) -> str:
    found = result["sample_ratio"]
    if "not_checked" in found:
        return "not checked"
    p = found["p_always_valid"]
    return f"{'BROKEN' if found['broken'] else 'as planned'} (p {'under 0.001' if p < 0.001 else f'= {p:.3f}'})"


def _people(result: ExperimentResult) -> PageTable:
    planned = result["sample_ratio"].get("planned", {})
    everybody = assigned_of(result) or 1
    rows = [
        (
            name,
            f"{each['assigned']:,}",
            units.percent(each["assigned"] / everybody),
            units.percent(planned[name]) if name in planned else "-",
            f"{each['closed']:,}" if "closed" in each else "-",
        )
        for name, each in result["variants"].items()
    ]
    rows += [
        (name, "0", "0.00 %", units.percent(part), "-")
        for name, part in planned.items()
        if name not in result["variants"]
    ]
    columns = ("variant", "people", "part", "planned", "window over")
    return PageTable("people", columns, rows, frozenset({1, 2, 3, 4}))


def _metric(result: ExperimentResult, metric: str) -> PageTable:
    is_money = units.kind_of(metric) == "money"
    level = next((each["level"] for each in result["comparisons"] if each["metric"] == metric), None)
    effect = "effect" + ("" if level is None else f" ({level:.0%})".replace("%", " %"))
    title = f"{metric}: {LABELS.get(metric, 'a metric of its own')}"
    if metric == primary_of(result):
        title += " (primary)"
    rows = [row for variant in result["variants"] for row in _of_variant(result, metric, variant)]
    return PageTable(
        title, ("variant", "in all", "a person" if is_money else "rate", effect, "so far"), rows, frozenset({1, 2})
    )


def _of_variant(result: ExperimentResult, metric: str, variant: str) -> Iterator[Row]:
    found = result["variants"][variant]["metrics"].get(metric)
    currency = result["currency"]
    figures = ("-", "-")
    if found is not None:
        figures = units.total(metric, found["sum"], currency), units.mean(metric, found["mean"], currency)
        if found.get("unknown", 0) and found["mean"] is None:
            figures = _UNKNOWN, _UNKNOWN
    if variant == baseline_of(result):
        yield (variant, *figures, "baseline", "")
        return
    closed, so_far = (comparison_of(result, metric, variant, provisional=which) for which in (False, True))
    if closed is None and so_far is None:
        yield (variant, *figures, _instead(result, metric, variant), "")
        return
    yield (variant, *figures, *((_NOTHING, "") if closed is None else _compared(result, closed)))
    if so_far is not None:
        yield (_PROVISIONAL, "", "", *_compared(result, so_far))


def _instead(result: ExperimentResult, metric: str, variant: str) -> str:
    """Of a comparison that is not there."""
    if any((each["metric"], each["variant"]) == (metric, variant) for each in result.get("withheld", [])):
        return "no comparison: see above"
    guarded = any((each["metric"], each["variant"]) == (metric, variant) for each in result["guardrails"])
    return "see guardrails" if guarded else _NOTHING


def _compared(result: ExperimentResult, found: Comparison) -> tuple[str, str]:
    metric, currency = found["metric"], result["currency"]
    ends = units.interval(metric, found["low"], found["high"], currency)
    word = english(compared_message(result, found))
    star = DISCOVERY if found["discovery"] and not is_broken(result) else ""
    return f"{units.effect(metric, found['effect'], currency)} ({ends})", word + star


def _contacted(result: ExperimentResult, *, provisional: bool) -> PageTable:
    rows = []
    for each in result.get("contacted", []):
        if each["provisional"] != provisional:
            continue
        metric, currency = each["metric"], result["currency"]
        told = "-"  # a figure that nothing bounds may be anything
        if each["low"] is not None and each["high"] is not None:
            ends = units.interval(metric, each["low"], each["high"], currency)
            told = f"{units.effect(metric, each['effect'], currency)} ({ends})"
        reached = f"{each['contact_rate'] * 100:.1f} %", f"{each['baseline_contact_rate'] * 100:.1f} %"
        rows.append((each["variant"], metric, *reached, told, english(contacted_message(result, each))))
    title = "effect on those who were reached" + (", provisional" if provisional else "")
    return PageTable(title, ("variant", "metric", "reached", "baseline", "effect", "so far"), rows, frozenset({2, 3}))


def _guardrails(result: ExperimentResult) -> PageTable:
    currency = result["currency"]
    rows = [
        (
            each["variant"],
            each["metric"],
            units.effect(each["metric"], each["effect"], currency),
            units.close_effect(each["metric"], each["low"], currency) if is_known(each) else "-",
            english(guardrail_message(each)),
        )
        for each in result["guardrails"]
    ]
    columns = ("variant", "metric", "effect", "at least", "guardrail")
    return PageTable("guardrails, of everybody so far", columns, rows, frozenset({2, 3}))


def _notes(result: ExperimentResult, parts: Sequence[PageTable]) -> Iterator[str]:
    cells = {cell for part in parts for row in part.rows for cell in row}
    if any(cell.endswith(" pp") or " pp (" in cell for cell in cells):
        yield "pp: percentage points. Intervals hold at every look: looking often does not make them wrong."
    else:
        yield "Intervals hold at every look: looking often does not make them wrong."
    if _PROVISIONAL in cells:
        yield (
            "provisional: of everybody so far, also of those whose window is still open; the line above it is of the "
            f"days of assignment whose window is over{_of_none(result)}."
        )
    if any(cell.endswith(DISCOVERY) for cell in cells):
        yield "*: also beside all other running experiments, a discovery."


def _of_none(result: ExperimentResult) -> str:
    """Said where that line has nothing to compare."""
    has_closed = any(not each["provisional"] for each in result["comparisons"])
    return "" if has_closed else f", of which there is {_NOTHING}"


def _time(text: str, *, seconds: bool = False) -> str:
    at = parse_time(text)
    shown = text if at is None else render_time(at)
    return f"{shown[:10]} {shown[11 : 19 if seconds else 16]} UTC"


def _span(seconds: int) -> str:
    days, rest = divmod(seconds, _DAY_S)
    if rest or not days:
        return f"{seconds / 3600:g} hour{'s' if seconds != _HOUR_S else ''}"
    return f"{days} day{'s' if days > 1 else ''}"
