"""What the page of an experiment shows of its result, in words and charts. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

from events.experiment_results import Comparison, ExperimentResult, History
from events.times import parse_time
from streams.domain.experiments.report import units
from streams.domain.experiments.report.headline import (
    baseline_of,
    comparison_of,
    metric_label,
    metric_name,
    primary_of,
)
from streams.domain.experiments.report.stored_sentences import stored_message
from streams.domain.experiments.report.summary import assigned_of
from streams.domain.experiments.report.verdicts import (
    compared_message,
    contacted_message,
    guardrail_message,
    is_known,
)
from streams.domain.messages import Field, message
from streams.services.console.charts import Frame, Interval, Look, extent_of, interval_band, interval_row
from streams.services.console.rights import FEWEST
from streams.services.console.words import UNKNOWN, Words
from streams.services.experiment_plot.plot import plane_of, point_of

ByClock = Callable[[int | None], int | None]
"""Gives a moment of the wall's clock, by which results are as of, by the clock that the page shows."""


class Compared(Struct, frozen=True):
    """A variant beside the baseline by one metric, in words. `chart` empty: nothing was compared."""

    variant: str
    total: str
    mean: str
    effect: str
    verdict: str
    chart: Markup = Markup("")
    is_provisional: bool = False
    is_discovery: bool = False


class MetricView(Struct, frozen=True):
    """A metric: its name and what counts, and each variant. `reach`: the ends of the charts' axis, in words."""

    title: str
    by_person: bool
    rows: Sequence[Compared]
    reach: tuple[str, str] | None


class OverTime(Struct, frozen=True):
    """How the comparison of a variant went. `top`, `bottom`: the edges in words; `first`, `last`: times in words."""

    variant: str
    chart: Markup
    top: str
    bottom: str
    first: str
    last: str


def small_variants(result: ExperimentResult) -> list[str]:
    """Variants of so few people that what they did could be told of one of them: then no figure is shown at all."""
    return [name for name, each in result["variants"].items() if 0 < each["assigned"] < FEWEST]


def facts(result: ExperimentResult, words: Words, by_clock: ByClock) -> Iterator[tuple[str, str]]:
    """What the experiment is: names and texts."""
    primary, baseline = primary_of(result), baseline_of(result)
    yield words.text("Status"), words.message(message(f"status_of.{result['status']}"))
    if primary is not None:
        yield words.text("Judged by"), _titled(primary, words)
    if baseline is not None:
        yield words.text("Compared with"), baseline
    if (window := result.get("window_s")) is not None:
        yield words.text("Outcomes count"), words.text("up to {time} after assignment", time=words.span(window))
    if (unit := result.get("unit", "contact")) != "contact":
        yield words.text("Assigned by"), words.text("household") if unit == "household" else words.text("turf")
    yield words.text("Split"), _split(result, words)
    yield words.text("In two variants"), words.number(result["contaminated"])
    yield words.text("As of"), words.moment(by_clock(parse_time(result["as_of"])))


def _titled(metric: str, words: Words) -> str:
    """A metric by its name and by what people did who count in it."""
    return f"{words.show(metric_name(metric))} · {words.show(metric_label(metric, UNKNOWN))}"


def _split(result: ExperimentResult, words: Words) -> str:
    found = result["sample_ratio"]
    if "not_checked" in found:
        return words.text("not checked")
    return words.text("broken") if found["broken"] else words.text("as planned")


def people_rows(result: ExperimentResult, words: Words) -> Iterator[Mapping[str, str]]:
    """Of each variant: people, their part, the planned part, and of how many the window is over."""
    planned = result["sample_ratio"].get("planned", {})
    everybody = assigned_of(result)
    for name in dict.fromkeys([*result["variants"], *planned]):
        found = result["variants"].get(name)
        people = 0 if found is None else found["assigned"]
        yield {
            "variant": name,
            "people": words.number(people),
            "part": words.share(people, everybody, 2),
            "planned": words.share(planned.get(name), 1, 2),
            "closed": words.number(None if found is None else found.get("closed")),
        }


def metric_view(result: ExperimentResult, metric: str, words: Words) -> MetricView:
    """All variants by one metric, with their intervals on one scale."""
    found = [each for each in result["comparisons"] if each["metric"] == metric]
    extent = extent_of([_interval(result, each) for each in found])
    rows = [row for name in result["variants"] for row in _rows(result, metric, name, extent, words)]
    reach = (_end(metric, -extent, result, words), _end(metric, extent, result, words)) if found else None
    return MetricView(
        title=_titled(metric, words),
        by_person=units.kind_of(metric) == "money",
        rows=rows,
        reach=reach,
    )


def _rows(result: ExperimentResult, metric: str, variant: str, extent: float, words: Words) -> Iterator[Compared]:
    figures = _figures(result, metric, variant, words)
    if variant == baseline_of(result):
        yield Compared(variant, *figures, "", words.text("compared with"))
        return
    looks = [comparison_of(result, metric, variant, provisional=which) for which in (False, True)]
    found = [each for each in looks if each is not None]
    if not found:
        yield Compared(variant, *figures, "", _instead(result, metric, variant, words))
    for place, each in enumerate(found):
        told, interval = _effect(result, each, words), _interval(result, each)
        verdict = words.message(compared_message(result, each))
        about = words.text("{variant}: {effect}, {verdict}", variant=variant, effect=told, verdict=verdict)
        yield Compared(
            variant=variant,
            total=figures[0] if not place else "",
            mean=figures[1] if not place else "",
            effect=told,
            verdict=verdict,
            chart=interval_row(interval, extent, about),
            is_provisional=each["provisional"],
            is_discovery=each["discovery"],
        )


def _instead(result: ExperimentResult, metric: str, variant: str, words: Words) -> str:
    """What is said of a variant that is not compared."""
    for each in result.get("withheld", []):
        if (each["metric"], each["variant"]) == (metric, variant):
            return words.message(stored_message(each["why"]))
    if any((each["metric"], each["variant"]) == (metric, variant) for each in result["guardrails"]):
        return words.text("see guardrails")
    return words.text("nothing to compare yet")


def _figures(result: ExperimentResult, metric: str, variant: str, words: Words) -> tuple[str, str]:
    """The sum over people, and the figure of a person."""
    found = result["variants"][variant]["metrics"].get(metric)
    if found is None or (found.get("unknown", 0) and found["mean"] is None):
        return UNKNOWN, UNKNOWN
    total, mean = found["sum"], found["mean"]
    match units.kind_of(metric):
        case "money":
            return words.money(total, result["currency"]), words.money(mean, result["currency"])
        case "thousandths":
            return words.number(total / 1000, 1), words.share(mean, 1000, 2)
        case _:
            return words.number(total), words.share(mean, 1, 2)


def _effect(result: ExperimentResult, found: Comparison, words: Words) -> str:
    return _ends(found["metric"], (found["effect"], found["low"], found["high"]), result, words)


def _ends(metric: str, values: tuple[float, float, float], result: ExperimentResult, words: Words) -> str:
    """An effect and the ends of its interval."""
    effect, low, high = (units.effect_field(metric, value, result["currency"]) for value in values)
    return words.text("{effect} ({low} to {high})", effect=effect, low=low, high=high)


def _interval(result: ExperimentResult, found: Comparison) -> Interval:
    low, effect, high = (
        units.in_units(found["metric"], value, result["currency"])
        for value in (found["low"], found["effect"], found["high"])
    )
    return Interval(low, effect, high, found["provisional"])


def _end(metric: str, shown: float, result: ExperimentResult, words: Words) -> str:
    """An end of an axis, given as charts have it: in points, or in whole currency."""
    scale = units.in_units(metric, 1.0, result["currency"])
    field: Field = units.effect_field(metric, shown / scale, result["currency"])
    return words.show(field)


def over_time(result: ExperimentResult, words: Words, by_clock: ByClock) -> Iterator[OverTime]:
    """How the comparisons of the primary metric went, all on one scale."""
    history: History | None = result.get("history")
    told = {} if history is None else {name: each for name, each in history["variants"].items() if len(each) > 1}
    if history is None or not told:
        return
    metric = history["metric"]
    lines = {name: [point_of(metric, moment, result["currency"]) for moment in each] for name, each in told.items()}
    plane = plane_of(list(lines.values()))
    frame = Frame(plane.begin, plane.end, plane.ticks[0], plane.ticks[-1])
    for name, points in lines.items():
        looks = [Look(each.at, Interval(each.low, each.effect, each.high, each.provisional)) for each in points]
        about = words.text("{variant}: the effect on {metric} over time", variant=name, metric=metric_name(metric))
        yield OverTime(
            variant=name,
            chart=interval_band(looks, frame, about),
            top=_end(metric, frame.high, result, words),
            bottom=_end(metric, frame.low, result, words),
            first=words.moment(by_clock(round(frame.begin))),
            last=words.moment(by_clock(round(frame.end))),
        )


def contacted_rows(result: ExperimentResult, words: Words) -> Iterator[Mapping[str, object]]:
    """The effect on those who were reached; a figure that nothing bounds may be anything, and is not shown."""
    for each in result.get("contacted", []):
        low, high = each["low"], each["high"]
        effect = UNKNOWN
        if low is not None and high is not None:
            effect = _ends(each["metric"], (each["effect"], low, high), result, words)
        yield {
            "variant": each["variant"],
            "metric": words.show(metric_name(each["metric"])),
            "reached": words.share(each["contact_rate"], 1, 1),
            "baseline": words.share(each["baseline_contact_rate"], 1, 1),
            "effect": effect,
            "verdict": words.message(contacted_message(result, each)),
            "is_provisional": each["provisional"],
        }


def guardrail_rows(result: ExperimentResult, words: Words) -> Iterator[Mapping[str, object]]:
    """Each guardrail of each variant: effect, the least that it can be, and whether it holds."""
    for each in result["guardrails"]:
        metric, currency = each["metric"], result["currency"]
        least = words.show(units.close_effect_field(metric, each["low"], currency)) if is_known(each) else UNKNOWN
        yield {
            "variant": each["variant"],
            "metric": words.show(metric_label(metric, metric)),
            "effect": words.show(units.effect_field(metric, each["effect"], currency)),
            "least": least,
            "verdict": words.message(guardrail_message(each)),
            "breached": each["breached"],
        }
