"""A person named by one word, as people type it on the command line and in the console.

The long form says what it is: an e-mail address, `phone:NUMBER`, `voter:STATE:ID`, `external:SYSTEM:ID`, or a
contact_id that looks like nothing else. The short form (`van:17`, `OH:123`, a number alone) may be several of them, for
anything may be a contact_id. Then it is the one by which somebody is known, and whoever typed it is told which.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from events.json_types import JSON

if TYPE_CHECKING:
    from events.identifiers import Hasher, Kind
    from sinks.lookup import ContactAnswer

_KINDS: dict[str, Kind] = {"phone": "phone", "voter": "voter", "external": "external", "email": "email"}
CALLED: dict[Kind | None, str] = {
    None: "contact_id",
    "voter": "voter id",
    "external": "external id",
    "email": "e-mail address",
    "phone": "phone number",
}
"""What each kind is called where people are told of it."""
LONG_FORMS: dict[Kind, str] = {"voter": "voter:STATE:ID", "external": "external:SYSTEM:ID", "phone": "phone:NUMBER"}
_SHORT_FORMS: dict[Kind, re.Pattern[str]] = {
    "voter": re.compile(r"[A-Za-z]{2}:[^\s]{1,256}"),
    "external": re.compile(r"[^\s:@]{1,64}:[^\s]{1,256}"),
    "phone": re.compile(r"(?=(?:\D*\d){7})[ ().+\-/\d]{7,24}", re.ASCII),
}
"""What looks like an identifier without its kind before it; the strongest kind first."""


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person named by one identifier; `kind` None: `text` is a contact_id."""

    kind: Kind | None
    text: str

    @property
    def long_form(self) -> str:
        """The word that means this and nothing else; of a contact_id, which has no other form, itself."""
        return self.text if self.kind is None else f"{self.kind}:{self.text}"

    def ids(self, hasher: Hasher) -> list[str]:
        """The contact_ids that it may be: its hash under each valid key. Empty: it cannot be read."""
        if self.kind is None:
            return [self.text] if _is_contact_id(self.text) else []
        return hasher.lookups(self.kind, self.text)

    def contact(self) -> dict[str, JSON]:
        """`data.contact` of an interaction with this person."""
        if self.kind is None:
            return {"contact_id": self.text}
        if self.kind == "external":
            system, _, id_ = self.text.partition(":")
            return {"external": {system: id_}}
        return {"voter_id" if self.kind == "voter" else self.kind: self.text}


@dataclass(frozen=True, slots=True)
class Understood:
    """What a word was taken for, and who that is; unknown where nobody is known by any of its meanings."""

    name: PersonName
    contact: ContactAnswer


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A word by which several people are known, each by another kind of identifier."""

    people: Sequence[Understood]


def parse_person(word: str) -> PersonName:
    """The identifier that a word means in its long form. A hash as it stands in records is a contact_id."""
    from events.identifiers import is_identity_hash  # noqa: PLC0415 (slow, and most commands name nobody)

    kind, colon, text = word.partition(":")
    if colon and kind in _KINDS and not is_identity_hash(word):
        return PersonName(_KINDS[kind], text)
    return PersonName("email" if "@" in word else None, word)


def meanings_of(word: str) -> Sequence[PersonName]:
    """All that a word may mean, one at least, in the order in which they are looked up."""
    from events.identifiers import is_identity_hash  # noqa: PLC0415 (slow, and most commands name nobody)

    plain = parse_person(word)
    if plain.kind is not None or is_identity_hash(word):
        return [plain]
    short = [PersonName(kind, word) for kind, form in _SHORT_FORMS.items() if form.fullmatch(word)]
    return [plain, *short] if _is_contact_id(word) or not short else short


def readable_meanings(word: str, hasher: Hasher) -> Sequence[tuple[PersonName, list[str]]]:
    """The meanings of a word that can be read, each with its ids under every valid key; none: it cannot be read."""
    return [(name, ids) for name in meanings_of(word) if (ids := name.ids(hasher))]


def understand(meanings: Sequence[PersonName], found: Sequence[ContactAnswer]) -> Understood | Ambiguous:
    """Which of the meanings of a word is the one, by who is known under each of them.

    A contact_id comes before all others: it has no longer form by which it could be told from them.
    """
    from sinks.lookup import UnknownContact  # noqa: PLC0415 (slow, and most commands name nobody)

    every = [Understood(name, contact) for name, contact in zip(meanings, found, strict=True)]
    known = [each for each in every if not isinstance(each.contact, UnknownContact)]
    if not known:
        return every[0]
    if known[0].name.kind is not None and len({each.contact.contact_id for each in known}) > 1:
        return Ambiguous(known)
    return known[0]


def _is_contact_id(word: str) -> bool:
    from events.fields import CONTACT_ID_PATTERN  # noqa: PLC0415 (commands import this that need none of it)

    return re.fullmatch(CONTACT_ID_PATTERN, word) is not None
