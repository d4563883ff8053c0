"""The time zone of a ZIP code, and those of each state, by the package `zipcodes`.

Its own look-up takes 0.3 ms, and a decision may take a tenth of that: so its rows are read once, which takes a second,
and three columns kept. Of the ZIP codes of armed forces overseas and of a misprint it says no zone.
"""

import re
from collections import defaultdict
from functools import cache
from typing import NamedTuple

import zipcodes

from events.contact import is_time_zone

_is_zip = re.compile(r"(\d{5})(?:-?\d{4})?", re.ASCII).fullmatch


class ZipZones(NamedTuple):
    """`by_state`: sorted, by the two letters of the postal service."""

    by_zip: dict[str, str]
    by_state: dict[str, tuple[str, ...]]


@cache
def zip_zones() -> ZipZones:
    """The whole table. A process that answers requests reads it before the first comes in."""
    by_zip: dict[str, str] = {}
    by_state: defaultdict[str, set[str]] = defaultdict(set)
    for digit in "0123456789":
        for row in zipcodes.similar_to(digit):
            zone = row["timezone"]
            if is_time_zone(zone):
                by_zip[row["zip_code"]] = zone
                by_state[row["state"]].add(zone)
    return ZipZones(by_zip, {state: tuple(sorted(zones)) for state, zones in by_state.items()})


def zone_of_zip(postal_code: str) -> str | None:
    """The zone of `10001` or `10001-1234`; None where it is not known."""
    match = _is_zip(postal_code.strip())
    return None if match is None else zip_zones().by_zip.get(match[1])


def zones_of_state(state: str) -> tuple[str, ...]:
    """All zones in which a state has a ZIP code; none for what is no state or territory."""
    return zip_zones().by_state.get(state, ())
