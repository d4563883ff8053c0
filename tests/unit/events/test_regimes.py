"""Each regime's defaults agree with each other, and with the policy file that comes with it."""

import tomllib
from typing import get_args

import phonenumbers
import pytest

from events.contact import is_time_zone
from events.normalise import normalise_phone
from events.regimes import EU_MEMBERS, NO_COUNTRY, REGIMES, RegimeName
from streams.domain.pressure import default_policy, default_policy_text
from streams.domain.pressure.time_zones import zones_of_country
from streams.platform.settings import Settings


def test_every_regime_has_its_defaults() -> None:
    assert tuple(REGIMES) == get_args(RegimeName)
    assert all(regime.settings.keys() <= Settings.model_fields.keys() for regime in REGIMES.values())


@pytest.mark.parametrize("name", REGIMES)
def test_its_country_is_that_of_its_policy_and_its_zone_and_phone_region_are_known(name: RegimeName) -> None:
    regime = REGIMES[name]
    assert default_policy(name).hours.country == regime.country
    assert zones_of_country(regime.country)
    assert is_time_zone(regime.time_zone)
    assert regime.phone_region == NO_COUNTRY or regime.phone_region in phonenumbers.SUPPORTED_REGIONS


@pytest.mark.parametrize("name", ["fr", "eu"])
def test_its_policy_says_what_that_of_the_united_states_says_and_names_the_texts_to_read(name: RegimeName) -> None:
    said, usual = tomllib.loads(default_policy_text(name)), tomllib.loads(default_policy_text())
    assert said.keys() == {*usual, "conditions"}
    assert all(said[section].keys() >= usual[section].keys() for section in usual if section != "hours")
    head = default_policy_text(name).split("\n\n")[0]
    assert "Regulation (EU) 2016/679 (GDPR)" in head
    assert "A human has to judge" in head


def test_the_members_of_the_union_are_twenty_seven_countries_with_clocks() -> None:
    assert len(EU_MEMBERS) == 27
    assert all(zones_of_country(code) for code in EU_MEMBERS)
    overseas = {zone for code in ("GP", "MQ", "GF", "RE", "YT", "MF") for zone in zones_of_country(code)}
    assert overseas < set(zones_of_country("EU"))
    assert {"Atlantic/Azores", "Asia/Nicosia", "Europe/Paris"} <= set(zones_of_country("EU"))
    assert "Europe/London" not in zones_of_country("EU")


def test_without_a_country_a_number_needs_its_country_code() -> None:
    assert normalise_phone("06 39 98 12 34", NO_COUNTRY) is None
    assert normalise_phone("+33 6 39 98 12 34", NO_COUNTRY) == normalise_phone("06 39 98 12 34", "FR") == "+33639981234"
