"""The regimes of a deployment: under which law's usual rules it works, and every default that follows from it.

A regime sets defaults and nothing else: whatever it gives can be set by a variable, or a file, of its own. That a
default is enough for the law of a country nobody has found; docs/regimes.md names the texts to read.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

RegimeName = Literal["us", "fr", "eu"]
NO_COUNTRY = "ZZ"
"""As a region of phone numbers: none, so that a number has to be written with its country code."""
_OTHERS_FILES = "civic_register staff"
_THREE_YEARS = 1_095
EU = "EU"
"""As a country of policies: anywhere in the Union."""

EU_MEMBERS = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
"""The member states (ISO 3166-1). Zones of what has a code of its own, such as Réunion, are not among theirs."""
EU_COUNTRIES = EU_MEMBERS | frozenset({"GF", "GP", "MF", "MQ", "RE", "YT"})
"""Whatever is of the Union and has a code of its own: with what France has overseas that belongs to it."""

REGIME_MARK = "regime="
"""What the mark of a regime begins with."""


class Regime(NamedTuple):
    """The defaults of one regime.

    `policy`: name of the policy file that comes with Harmonia. `country`: where people are of whom nothing is known, as
    that file has it. `phone_region`: whose numbers are written without a country code. `time_zone`: where a day begins.
    `refused_sources`: kinds of provenance of which nothing is taken, separated by spaces. `inactivity_days`: how long
    people are kept who do nothing; 0: for ever. `guards_opinion`: what tells an opinion or
    a descent is special-category data, so audiences for ads go through a gate (docs/audiences.md), records with fields
    of a place of birth are refused, and who is known by an electoral roll alone is chosen by that alone
    (docs/segments.md). No setting lifts it. `currency`: with which a form begins that asks for money.
    """

    policy: str
    country: str
    phone_region: str
    time_zone: str
    refused_sources: str
    inactivity_days: int
    guards_opinion: bool = True
    currency: str = "EUR"

    @property
    def settings(self) -> Mapping[str, object]:
        """The settings that it gives, by the names of their fields."""
        names = ("phone_region", "time_zone", "refused_sources", "inactivity_days")
        return {name: getattr(self, name) for name in names}


REGIMES: Mapping[RegimeName, Regime] = MappingProxyType(
    {
        "us": Regime("default.toml", "US", "US", "UTC", _OTHERS_FILES, 0, guards_opinion=False, currency="USD"),
        "fr": Regime("fr.toml", "FR", "FR", "Europe/Paris", f"{_OTHERS_FILES} petition", _THREE_YEARS),
        "eu": Regime("eu.toml", EU, NO_COUNTRY, "UTC", f"{_OTHERS_FILES} petition", _THREE_YEARS),
    }
)


def regime_mark(regime: RegimeName, phone_region: str) -> str:
    """By which rules a process works, for others to compare theirs with: under `us` whatever its phone region."""
    return f"{REGIME_MARK}{regime}" if regime == "us" else f"{REGIME_MARK}{regime},{phone_region}"
