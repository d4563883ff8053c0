"""Where somebody lives, as attributes of a contact: they identify nobody and say which hours hold."""

from events.adapters.words import present, word
from events.json_types import JSON

STATES = frozenset(
    """AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA
    RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR UM VI""".split()
)
"""The subdivisions of the United States in ISO 3166-2. Those of the armed forces (AA, AE, AP) are none."""
_UNITED_STATES = frozenset({"", "US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA"})


def region(state: JSON, country: JSON = None) -> str | None:
    """`US-OH` of `OH`; None for what is no state of the United States."""
    code = (word(state) or "").upper().removeprefix("US-")
    return f"US-{code}" if code in STATES and is_american(country) else None


def place(state: JSON, postal_code: JSON, country: JSON = None) -> dict[str, JSON]:
    """Region and postal code of a contact, where known. A code of another country tells nothing here."""
    code = word(postal_code) if is_american(country) else None
    return present(region=region(state, country), postal_code=code)


def is_american(country: JSON) -> bool:
    """Whether a country is the United States, in the ways forms write it; one that is left out is."""
    return (word(country) or "").upper() in _UNITED_STATES
