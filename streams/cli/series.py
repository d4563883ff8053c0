"""Series for a terminal: one as a table with bars, several as a line of bars each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from streams.cli.tables import print_lines, print_table
from streams.domain.money import money
from streams.history.daily_report.formatting import as_time
from streams.history.insights.shapes import InsightsDocument, SeriesDocument

if TYPE_CHECKING:
    from streams.history.insights.known_values import TimeRange

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 48
_BESIDE_METRICS = 36
"""The longest name of a metric leaves so much of 80 columns."""
_BAR = 30


def says_something(document: InsightsDocument) -> bool:
    """Whether anything was counted."""
    return any(one["total"] or any(point["value"] for point in one["points"]) for one in document["series"])


def show_nothing(document: InsightsDocument, known: TimeRange | None, unknown: Sequence[str] = ()) -> None:
    """Say that nothing was counted, and when there would be something. `known` None: never.

    `unknown`: what there is to say of names of which there is nothing at all, on whatever days.
    """
    if known is not None and unknown:
        print_lines([*unknown, _as_of(document)])
        return
    zone = document["time_zone"]
    span = f"from {_local(document['from'], document)} up to {_local(document['to'], document)}"
    only = "".join(f", {name} {value}" for name, value in document["only"].items())
    if known is None:
        when = "there is no interaction at all"
    else:
        when = f"the first interaction is of {as_time(known.first, zone)}, the latest of {as_time(known.latest, zone)}"
    print_lines([f"no data {span}{only}: {when}", _as_of(document)])


def show_all(documents: Sequence[InsightsDocument]) -> None:
    """Print several metrics of the same span, each as a line of bars."""
    rows = []
    for document in documents:
        for one in document["series"]:
            currency = f" in {one['currency']}" if len(document["series"]) > 1 else ""
            _, bars, total = _line(document, one, _BESIDE_METRICS)
            rows.append((f"{document['metric']}{currency}", bars, total))
    print_table(("metric", f"by {documents[0]['by']}", "total"), rows, right=(2,))
    print_lines([_spanned(documents[0], documents[0]["series"][0], _BESIDE_METRICS), _as_of(documents[0])])


def show(document: InsightsDocument) -> None:
    """Print it."""
    series = document["series"]
    if len(series) == 1 and document["split"] is None:
        print_table((document["by"], document["metric"], ""), _points(document, series[0]))
    else:
        heads = (document["split"] or "currency", f"by {document['by']}", document["metric"])
        print_table(heads, [_line(document, one) for one in series])
        print_lines([_spanned(document, series[0])])
    print_lines([f"total {_figure(one, one['total'])}" for one in series if document["split"] is None])
    if document["left_out"]:
        print_lines([f"and {document['left_out']} smaller ones"])
    print_lines([_as_of(document)])


def _as_of(document: InsightsDocument) -> str:
    return f"days of {document['time_zone']}; everything up to {document['as_of']}"


def sparkline(values: Sequence[int | float], widest: int = _WIDEST) -> str:
    """Bars from nothing to the largest value; of more values than there is room for, neighbours are added up."""
    step = _step(len(values), widest)
    sums = [sum(values[at : at + step]) for at in range(0, len(values), step)]
    largest = max(sums, default=0)
    if largest <= 0:
        return _BARS[0] * len(sums)
    return "".join(_BARS[round(max(value, 0) / largest * (len(_BARS) - 1))] for value in sums)


def _step(values: int, widest: int = _WIDEST) -> int:
    """So many values are one character."""
    return max(1, -(-values // widest))


def _spanned(document: InsightsDocument, one: SeriesDocument, widest: int = _WIDEST) -> str:
    """Of a line of bars, what its ends are and what one of them is."""
    first, last = (_local(one["points"][place]["at"], document) for place in (0, -1))
    step = _step(len(one["points"]), widest)
    return f"from {first} to {last}, {step} {document['by']}{'s' if step > 1 else ''} a character"


def _points(document: InsightsDocument, one: SeriesDocument) -> list[tuple[str, str, str]]:
    largest = max((point["value"] for point in one["points"]), default=0)
    return [
        (
            _local(point["at"], document),
            _figure(one, point["value"]),
            "█" * round(_BAR * max(point["value"], 0) / largest) if largest > 0 else "",
        )
        for point in one["points"]
    ]


def _line(document: InsightsDocument, one: SeriesDocument, widest: int = _WIDEST) -> tuple[str, str, str]:
    name = one["name"] if document["split"] else one.get("currency")
    return name or "–", sparkline([point["value"] for point in one["points"]], widest), _figure(one, one["total"])


def _figure(one: SeriesDocument, value: int | float) -> str:
    if "currency" in one:
        return money(int(value), one["currency"])
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _local(at: str, document: InsightsDocument) -> str:
    local = datetime.fromisoformat(at).astimezone(ZoneInfo(document["time_zone"]))
    return f"{local:%Y-%m-%d %H:%M}" if document["by"] == "hour" else f"{local:%Y-%m-%d}"
