"""In which zones somebody may be, from what is known."""

import pytest

from events.outputs import Zones
from streams.domain.pressure.time_zones import zones_of, zones_of_country, zones_of_region


def known(time_zone: str | None = None, region: str | None = None, postal_code: str | None = None) -> Zones:
    return {"time_zone": time_zone, "region": region, "postal_code": postal_code}


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        (known("Pacific/Honolulu", "US-NY", "10001"), ("Pacific/Honolulu",)),
        (known(None, "US-CA", "10001"), ("America/New_York",)),
        (known(None, "US-CA", " 10001-1234 "), ("America/New_York",)),
        (known(None, None, "67758"), ("America/Denver",)),  # the west of Kansas
        (known(None, "US-KS", "2138"), ("America/Chicago", "America/Denver")),  # a zero was lost: no ZIP code
        (known(None, "US-AK", "99634"), zones_of_region("US-AK")),  # a misprint in the table
        (known(None, "FR-75", "10115"), ("Europe/Paris",)),  # would be a ZIP code of New York
        (known(None, "PR-SJ", "00901"), ("America/Puerto_Rico",)),
        (known(None, "US-TN"), ("America/Chicago", "America/New_York")),
        (known(None, "US-NY"), ("America/New_York",)),
        (known(None, "US-AZ"), ("America/Denver", "America/Phoenix")),  # the Navajo change their clocks
        (known(None, "US-AE", "09001"), zones_of_country("US")),  # armed forces, wherever they are
        (known(None, "ZZ-1"), zones_of_country("US")),
        (known("Mars/Olympus", None, None), zones_of_country("US")),
        (known(), zones_of_country("US")),
        (None, zones_of_country("US")),
    ],
)
def test_the_zone_else_the_postcode_else_the_region_else_the_whole_country(
    zones: Zones | None, expected: tuple[str, ...]
) -> None:
    assert zones_of(zones, "US") == expected


def test_elsewhere_a_postcode_without_a_region_is_no_zip_code() -> None:
    assert zones_of(known(None, None, "10001"), "DE") == zones_of_country("DE")


def test_a_region_outside_the_united_states_is_its_whole_country() -> None:
    assert zones_of_region("CA-ON") == zones_of_country("CA")
    assert {"America/St_Johns", "America/Vancouver"} <= set(zones_of_country("CA"))
    assert {"America/New_York", "Pacific/Honolulu", "America/Adak"} <= set(zones_of_country("US"))
    assert zones_of_country("XX") == ()
