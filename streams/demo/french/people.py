"""Invented people of the French demo: reserved example domains, and numbers that ARCEP keeps for fiction.

No two of them share an address or a number, or the demo would join strangers into one person. Departments are real, and
so are the first digits of postcodes.
"""

from dataclasses import dataclass
from random import Random

from streams.demo.truth import ContactFields

_FIRST = ("camille", "louise", "ines", "jeanne", "lucas", "hugo", "adama", "noemie", "yanis", "malik", "rose", "theo")
_LAST = ("martin", "bernard", "petit", "robert", "durand", "leroy", "moreau", "diallo", "garcia", "nguyen", "hoarau")
_DOMAINS = ("example.org", "example.com", "example.net", "courriel.example")
_LANDLINES = ("1 99 00", "2 61 91", "3 53 01", "4 65 71", "5 36 49")
_MOBILES = "6 39 98"
NUMBERS = 10_000
"""So many numbers begin like each of these."""
_DEPARTMENTS = ("75", "13", "59", "69", "33", "35", "2A", "2B", "67", "31", "93", "971", "972", "973", "974", "976")
_POSTCODES = {"2A": "200", "2B": "202"}
_STYLES = ("0{}", "+33 {}", "0033 {}")


@dataclass(frozen=True, slots=True)
class Citizen:
    """One invented person. `mobile`: the last four digits of the number, written as 6 39 98."""

    number: int
    email: str
    department: str
    postcode: str
    landline: str
    mobile: str

    def contact(self) -> ContactFields:
        """The contact fields that every interaction carries: the campaign's own key, and where they live."""
        return {
            "external": {"fichier": f"p{self.number}"},
            "region": f"FR-{self.department}",
            "postal_code": self.postcode,
        }

    def by_email(self) -> ContactFields:
        """The same with the e-mail address."""
        return {**self.contact(), "email": self.email}

    def by_mobile(self, rng: Random) -> ContactFields:
        """The same with the mobile number, in one of the forms that lists have."""
        return {**self.contact(), "phone": _written(self.mobile, rng)}

    def by_landline(self, rng: Random) -> ContactFields:
        """The same with the number of the household."""
        return {**self.contact(), "phone": _written(self.landline, rng)}


def citizens(count: int, rng: Random) -> list[Citizen]:
    """So many people, up to 10,000."""
    return [_citizen(number, rng) for number in range(min(count, NUMBERS))]


def _citizen(number: int, rng: Random) -> Citizen:
    name = f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}.{number}"
    department = rng.choice(_DEPARTMENTS)
    start = _POSTCODES.get(department, department)
    postcode = f"{start}{rng.randrange(0, 10)}0000"[:5]
    line = f"{number:04d}"
    last = f"{line[:2]} {line[2:]}"
    return Citizen(
        number,
        f"{name}@{_DOMAINS[number % len(_DOMAINS)]}",
        department,
        postcode,
        f"{_LANDLINES[number % len(_LANDLINES)]} {last}",
        f"{_MOBILES} {last}",
    )


def _written(number: str, rng: Random) -> str:
    text = rng.choice(_STYLES).format(number)
    return text.replace(" ", "") if rng.random() < 0.3 else text
