"""What a vendor's API has to do to be brought in line: tell who is held, tell who is on the list, and take changes."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from streams.domain.vendors.reconciling import ListedPerson


class HeldPage(NamedTuple):
    """Some of those who are suppressed, or have the tag: key, and by what it is taken off. `after`: how to read on.

    `after` None: this cannot be read on from here, and is begun anew after an interruption.
    """

    entries: Sequence[tuple[str, str]]
    after: str | None


class PeoplePage(NamedTuple):
    """Some people of the list. `held`: keys of those of them who are suppressed, where the list itself tells that."""

    people: Sequence[ListedPerson]
    after: str | None
    held: Sequence[str] = ()


class DueChange(NamedTuple):
    """A change that is to be made at the vendor. `handle`: by what a tag is taken off."""

    person: ListedPerson
    handle: str


class Made(NamedTuple):
    """How many changes were made, and how many the vendor would not take. The others were not needed any more."""

    made: int
    not_taken: int = 0


class Vendor(Protocol):
    """The part of a vendor's API that one run needs: of suppressions, or of one tag.

    Every method raises `VendorTrouble`. Changes may be made more than once; that changes no more than once does.
    """

    @property
    def title(self) -> str:
        """How it is called in messages."""

    @property
    def at_once(self) -> int:
        """Changes that are made together."""

    def held(self, after: str | None) -> AsyncIterator[HeldPage]:
        """Who is suppressed, or has the tag; from a place on."""

    def people(self, after: str | None) -> AsyncIterator[PeoplePage]:
        """Who is on the list; from a place on."""

    async def one(self, key: str) -> PeoplePage | None:
        """Somebody who is held and was not among the people; None: is not on the list, or cannot be asked for."""

    async def add(self, due: Sequence[DueChange]) -> Made:
        """Suppress, or give the tag; who is not as they were read any more is left out."""

    async def remove(self, due: Sequence[DueChange]) -> Made:
        """Take the tag off; never asked of suppressions."""
