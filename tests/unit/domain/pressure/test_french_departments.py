"""French postcodes: their departments, and the clocks there."""

import pytest

from streams.domain.pressure.french_departments import department_of
from streams.domain.pressure.time_zones import zones_of, zones_of_country, zones_of_region
from tests.unit.domain.pressure.test_time_zones import known

ANYWHERE_FRENCH = tuple(
    sorted({zone for code in ("FR", "GF", "GP", "MQ", "RE", "YT") for zone in zones_of_country(code)})
)


@pytest.mark.parametrize(
    ("postcode", "department"),
    [
        ("75011", "75"),
        (" F-69003 ", "69"),
        ("97 400", "974"),
        ("FR-97400", "974"),
        ("fr 97 400", "974"),
        ("97200 CEDEX", "972"),
        ("97 245 Cedex 2", "972"),
        ("75231 cedex 05", "75"),
        ("CEDEX", None),
        ("97200 CEDEXES", None),
        ("01000", "01"),
        ("95880", "95"),
        ("20000", "2A"),
        ("20167", "2A"),
        ("20200", "2B"),
        ("20600", "2B"),
        ("97400", "974"),
        ("97500", "975"),
        ("98800", "988"),
        ("98000", None),  # Monaco
        ("00100", None),  # military post
        ("96000", None),
        ("97900", None),
        ("1000", None),
        ("750111", None),
        ("７５０１１", None),
        ("", None),
    ],
)
def test_the_first_two_digits_name_the_department_overseas_three(postcode: str, department: str | None) -> None:
    assert department_of(postcode) == department


@pytest.mark.parametrize(
    ("region", "postcode", "zones"),
    [
        (None, "75011", ("Europe/Paris",)),
        (None, "97110", ("America/Guadeloupe",)),
        (None, "97200", ("America/Martinique",)),
        (None, "97300", ("America/Cayenne",)),
        (None, "97400", ("Indian/Reunion",)),
        (None, "97600", ("Indian/Mayotte",)),
        (None, "98714", zones_of_country("PF")),
        (None, "98000", ("Europe/Paris",)),  # says nothing, so the country decides
        ("FR-IDF", "97400", ("Indian/Reunion",)),
        ("RE", "75011", ("Europe/Paris",)),
        ("FR-974", None, ("Indian/Reunion",)),
        ("FR-GP", "not one", ("America/Guadeloupe",)),
        ("FR-75", None, ("Europe/Paris",)),
        ("FR-", None, ("Europe/Paris",)),
        ("FR-IDF", None, ("Europe/Paris",)),
        ("FR-69M", None, ("Europe/Paris",)),
        ("FR-LRE", None, ("Indian/Reunion",)),
        ("FR-GUA", None, ("America/Guadeloupe",)),
        ("FR-MAY", None, ("Indian/Mayotte",)),
        ("FR-XYZ", None, ANYWHERE_FRENCH),
        ("US-NY", "97400", ("America/New_York",)),
    ],
)
def test_in_france_the_postcode_else_the_region_tells_the_clock(
    region: str | None, postcode: str | None, zones: tuple[str, ...]
) -> None:
    assert zones_of(known(None, region, postcode), "FR") == zones


def test_in_the_union_a_postcode_is_french_only_where_the_region_is() -> None:
    assert zones_of(known(None, None, "97400"), "EU") == zones_of_country("EU")
    assert zones_of(known(None, "FR-974", "97400"), "EU") == ("Indian/Reunion",)


def test_a_department_on_the_mainland_is_the_country() -> None:
    assert zones_of_region("FR-2A") == zones_of_region("FR") == ("Europe/Paris",)
