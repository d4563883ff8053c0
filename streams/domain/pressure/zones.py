"""In which time zones a person may be: by the zone, else the postcode, else the region, else anywhere in the country.

Several zones are all meant: a call must be decent in each of them. So in a state that is split between two zones.
"""

from functools import cache
from importlib.resources import files

from events.contact import is_time_zone
from events.outputs import Zones
from streams.domain.pressure.zip_codes import zone_of_zip, zones_of_state


def zones_of(known: Zones | None, country: str) -> tuple[str, ...]:
    """The zones that a person may be in, sorted; of `country` where nothing is known. Never none.

    A ZIP code is read as one only where the region is in the United States or its territories, or is not known and
    `country` is. One that is not in the table says nothing, and so the region decides.
    """
    if known is None:
        return zones_of_country(country)
    if known["time_zone"] is not None and is_time_zone(known["time_zone"]):
        return (known["time_zone"],)
    region = known["region"]
    home = country if region is None else region[:2]
    if known["postal_code"] is not None and home in _ZIP_COUNTRIES and (zone := zone_of_zip(known["postal_code"])):
        return (zone,)
    return (region is not None and zones_of_region(region)) or zones_of_country(country)


_ZIP_COUNTRIES = frozenset({"US", "PR", "VI", "GU", "AS", "MP", "FM", "MH", "PW"})


def zones_of_region(region: str) -> tuple[str, ...]:
    """The zones of an ISO 3166-2 code, sorted: of a state of the United States its own, else of the whole country."""
    home, _, part = region.partition("-")
    if home == "US" and part:
        return zones_of_state(part) or zones_of_country(home)
    return zones_of_country(home)


@cache
def zones_of_country(code: str) -> tuple[str, ...]:
    """The zones of an ISO 3166-1 code, sorted, by the pinned `tzdata`; none for a code that it does not know."""
    rows = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    fields = [row.split("\t") for row in rows if not row.startswith("#")]
    return tuple(sorted({zone for home, _, zone, *_ in fields if home == code}))
