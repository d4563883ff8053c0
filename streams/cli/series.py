"""Series for a terminal: one as a table with bars, several as a line of bars each."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from streams.cli.tables import print_lines, print_table
from streams.insights.shapes import InsightsDocument, SeriesDocument
from streams.money import money

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 48
_BAR = 30


def show(document: InsightsDocument) -> None:
    """Print it."""
    series = document["series"]
    if not series:
        print_lines(["Nothing."])
    elif len(series) == 1 and document["split"] is None:
        print_table((document["by"], document["metric"], ""), _points(document, series[0]))
    else:
        heads = (document["split"] or "currency", f"by {document['by']}", document["metric"])
        print_table(heads, [_line(document, one) for one in series])
        print_lines([_spanned(document, series[0])])
    print_lines([f"total {_figure(one, one['total'])}" for one in series if document["split"] is None])
    if document["left_out"]:
        print_lines([f"and {document['left_out']} smaller ones"])
    print_lines([f"days of {document['time_zone']}; everything up to {document['as_of']}"])


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


def _spanned(document: InsightsDocument, one: SeriesDocument) -> str:
    """Of a line of bars, what its ends are and what one of them is."""
    first, last = (_local(one["points"][place]["at"], document) for place in (0, -1))
    step = _step(len(one["points"]))
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


def _line(document: InsightsDocument, one: SeriesDocument) -> tuple[str, str, str]:
    name = one["name"] if document["split"] else one.get("currency")
    return name or "–", sparkline([point["value"] for point in one["points"]]), _figure(one, one["total"])


def _figure(one: SeriesDocument, value: int | float) -> str:
    if "currency" in one:
        return money(int(value), one["currency"])
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _local(at: str, document: InsightsDocument) -> str:
    local = datetime.fromisoformat(at).astimezone(ZoneInfo(document["time_zone"]))
    return f"{local:%Y-%m-%d}" if document["by"] == "day" else f"{local:%Y-%m-%d %H:%M}"
