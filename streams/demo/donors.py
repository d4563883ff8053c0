"""The donors of the demo's file, with invented e-mail addresses and phone numbers.

Names and addresses were taken out of the file, so they are invented here: example domains and 555-01xx numbers, which
belong to nobody. No two donors share one, or the demo would join strangers into one person.
"""

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Protocol

from streams.demo.truth import ContactFields, Sent

_AREA_CODES = (
    *(205, 251, 256, 334, 480, 501, 520, 602, 623, 870, 907, 928, 209, 213, 310, 323, 408, 415, 424, 442),
    *(510, 530, 559, 562, 619, 626, 650, 657, 661, 707, 714, 747, 760, 805, 818, 831, 858, 909, 916, 925),
    *(949, 951, 202, 203, 206, 207, 208, 210, 212, 214, 215, 216, 217, 218, 219, 224, 225, 228, 229, 231),
    *(234, 239, 240, 248, 252, 253, 254, 260, 262, 267, 269, 270, 276, 281, 301, 302, 303, 304, 305, 307),
    *(308, 309, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 325, 330, 331, 336, 337, 339, 347, 351),
    *(352, 360, 361, 386, 401, 402, 404, 405, 406, 407, 409, 410, 412, 413, 414, 417, 419, 423, 425, 430),
)
_NUMBERS = 100  # 555-0100 to 555-0199 are kept for fiction, in every area code
_DOMAINS = ("example.com", "example.net", "example.org", "mail.example")
_PHONE_STYLES = ("({area}) 555-{line}", "{area}-555-{line}", "+1 {area} 555 {line}", "+1{area}555{line}")
_HAVE_EMAIL, _HAVE_PHONE = 0.85, 0.7
_AT_WORK = 0.1
"""The share of e-mails to somebody with an address that go to a second one."""


class Person(Protocol):
    """Somebody with whom the demo's teams deal, by whatever they know of them."""

    def contact(self) -> ContactFields:
        """The contact fields that every interaction with the person carries."""

    def contact_by_email(self, rng: Random) -> ContactFields:
        """The contact fields with an e-mail address, if one is known."""

    def contact_by_phone(self, rng: Random) -> ContactFields:
        """The contact fields with a phone number, if one is known."""


@dataclass(frozen=True, slots=True)
class Donor:
    """One donor of the file; `phone` is (area code, last four digits)."""

    key: str
    region: str | None
    email: str | None
    phone: tuple[int, str] | None

    def contact(self) -> ContactFields:
        """The contact fields that every interaction with the donor carries: the file's key, and the region."""
        found: ContactFields = {"external": {"fec": self.key}}
        if self.region is not None:
            found["region"] = self.region
        return found

    def contact_by_email(self, rng: Random) -> ContactFields:
        """The contact fields with an e-mail address, if one is known, in one of the spellings that real lists have."""
        found = self.contact()
        if self.email is not None:
            address = f"work.{self.email}" if rng.random() < _AT_WORK else self.email
            spelling = rng.random()
            found["email"] = address.upper() if spelling < 0.05 else f" {address}" if spelling < 0.1 else address
        return found

    def contact_by_phone(self, rng: Random) -> ContactFields:
        """The contact fields with the phone number, if known, in any written form."""
        found = self.contact()
        if self.phone is not None:
            area, line = self.phone
            found["phone"] = rng.choice(_PHONE_STYLES).format(area=area, line=line)
        return found


class Population:
    """All donors; whoever gives often is drawn often."""

    def __init__(self, donors: list[Donor], gifts: list[int]) -> None:
        """Take the donors and, in the same order, how many gifts each has made."""
        self._donors = donors
        self._bounds = list(accumulate(1 + count for count in gifts))

    def one(self, rng: Random) -> Donor:
        """Draw one donor; a frequent one is more likely."""
        return self._donors[bisect(self._bounds, rng.random() * self._bounds[-1])]

    def some(self, rng: Random, count: int) -> list[Donor]:
        """Draw up to `count` different donors."""
        return list(dict.fromkeys(self.one(rng) for _ in range(count)))


def population_of(donations: Iterable[Sent], rng: Random) -> Population:
    """All donors of these donations; a donor who moved has the region of the last row."""
    regions: dict[str, str | None] = {}
    gifts: dict[str, int] = {}
    for donation in donations:
        key = donation.contact["external"]["fec"]
        regions[key] = donation.contact.get("region")
        gifts[key] = gifts.get(key, 0) + 1
    donors = [_donor(number, key, region, rng) for number, (key, region) in enumerate(regions.items())]
    return Population(donors, list(gifts.values()))


def _donor(number: int, key: str, region: str | None, rng: Random) -> Donor:
    email, phone = None, None
    if rng.random() < _HAVE_EMAIL:
        email = f"donor.{number}@{_DOMAINS[number % len(_DOMAINS)]}"
    if rng.random() < _HAVE_PHONE and number < len(_AREA_CODES) * _NUMBERS:
        phone = (_AREA_CODES[number // _NUMBERS], f"01{number % _NUMBERS:02d}")
    return Donor(key, region, email, phone)
