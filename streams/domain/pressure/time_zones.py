"""The time zones in which a person may be: by the zone, else the postcode, else the region, else the whole country.

Several zones are all meant: a call must be decent in each of them, as in a state that is split between two zones.
Postcodes are known of the United States and of France (`french_departments.py`). ZIP
codes are those of the package `zipcodes`. Its own look-up takes 0.3 ms, and a decision may take a tenth of that: so its
rows are read once, which takes a second, and three columns kept. Of the ZIP codes of armed forces overseas and of a
misprint it says no zone.
"""

import re
from collections import defaultdict
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import zipcodes

from events.contact import is_time_zone
from events.outputs import Zones
from events.regimes import EU, EU_COUNTRIES
from streams.domain.pressure.french_departments import FRENCH_COUNTRIES, countries_of, department_of

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


def zones_of(known: Zones | None, country: str) -> tuple[str, ...]:
    """The zones that a person may be in, sorted; of `country` where nothing is known. Never none.

    A postcode is read as one of the United States or of France only where the region is there, overseas included, or
    is not known and `country` is. One that is not known says nothing, and so the region decides.
    """
    if known is None:
        return zones_of_country(country)
    if known["time_zone"] is not None and is_time_zone(known["time_zone"]):
        return (known["time_zone"],)
    region = known["region"]
    home = country if region is None else region[:2]
    if known["postal_code"] is not None and (found := _zones_of_postcode(known["postal_code"], home)):
        return found
    return (region is not None and zones_of_region(region)) or zones_of_country(country)


def _zones_of_postcode(code: str, home: str) -> tuple[str, ...]:
    """The zones of a postcode as one of a country; none where it is not known."""
    if home in _ZIP_COUNTRIES:
        zone = zone_of_zip(code)
        return () if zone is None else (zone,)
    if home in FRENCH_COUNTRIES and (department := department_of(code)) is not None:
        return _zones_of_countries(countries_of(department))
    return ()


_ZIP_COUNTRIES = frozenset({"US", "PR", "VI", "GU", "AS", "MP", "FM", "MH", "PW"})


def zones_of_region(region: str) -> tuple[str, ...]:
    """The zones of an ISO 3166-2 code, sorted: of a state of the United States or a French department its own.

    Of all else those of the whole country.
    """
    home, _, part = region.partition("-")
    if home == "US" and part:
        return zones_of_state(part) or zones_of_country(home)
    if home == "FR" and part:
        return _zones_of_countries(countries_of(part))
    return zones_of_country(home)


@cache
def zones_of_country(code: str) -> tuple[str, ...]:
    """The zones of an ISO 3166-1 code, sorted, by the pinned `tzdata`; none for a code that it does not know.

    Of `EU` those of all member states, overseas included.
    """
    return _zones_of_countries(EU_COUNTRIES if code == EU else frozenset({code}))


@cache
def _zones_of_countries(homes: frozenset[str]) -> tuple[str, ...]:
    rows = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    fields = [row.split("\t") for row in rows if not row.startswith("#")]
    return tuple(sorted({zone for home, _, zone, *_ in fields if home in homes}))
