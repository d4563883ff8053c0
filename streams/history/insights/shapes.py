"""The JSON document that `harmonia insights --json` and `GET /v1/insights` answer."""

from typing import NotRequired

from typing_extensions import TypedDict


class Point(TypedDict):
    """What was counted in the hour, day or week that begins `at`."""

    at: str
    value: int | float


class SeriesDocument(TypedDict):
    """One series. `name`: the value of what it is split by, or null. `currency`: of money, in minor units."""

    name: str | None
    currency: NotRequired[str]
    total: int | float
    points: list[Point]


InsightsDocument = TypedDict(
    "InsightsDocument",
    {
        "metric": str,
        "by": str,
        "time_zone": str,
        "from": str,
        "to": str,
        "only": dict[str, str],
        "split": str | None,
        "as_of": str,
        "known_since": str | None,
        "series": list[SeriesDocument],
        "left_out": int,
    },
)
"""An answer. `as_of`: everything up to then is in it. `left_out`: how many smaller series there are besides.

`known_since`: when the first interaction of all history happened; what ends before is not known, and counted as zero.
Null: there is no interaction.
"""
