"""How somebody at a terminal names a person: as precisely as a producer, in one word.

A word that is no other identifier is a contact_id, and anything may look like one: a voter id, a phone number. So what
is decided about a contact_id is decided only about one that is known (`desk`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from events.json_types import JSON

if TYPE_CHECKING:
    from events.identifiers import Hasher, Kind

METAVAR = "PERSON"
HELP = "A contact_id, an e-mail address, phone:NUMBER, voter:STATE:ID or external:SYSTEM:ID."
CURE = "give a contact_id, an e-mail address, phone:NUMBER, voter:STATE:ID or external:SYSTEM:ID"

_KINDS: dict[str, Kind] = {"phone": "phone", "voter": "voter", "external": "external", "email": "email"}
_CALLED: dict[Kind, str] = {
    "phone": "phone number",
    "voter": "voter id",
    "external": "external id",
    "email": "e-mail address",
}
_is_cut_hash = re.compile(
    r"(?:(?:email|voter|external):[0-9a-f]{4,31}|phone:(?=\d*[a-f])[0-9a-f]{4,31})(?:…|\.\.\.)?"
).fullmatch
"""Digits alone behind `phone:` are a number that somebody may have."""
_is_like_phone = re.compile(r"(?=.*[ ().+-])[ (+]*\d(?:[ ().-]*\d){6,14}[ ]*", re.ASCII).fullmatch
"""With marks between its digits or before them, as people write it."""


@dataclass(frozen=True, slots=True)
class Named:
    """A person by one identifier; `kind` None: `text` is a contact_id, as it is in the records."""

    kind: Kind | None
    text: str

    def ids(self, hasher: Hasher) -> list[str]:
        """The contact_ids that it may be: hashes under each key that is valid. None: it cannot be read."""
        from events.fields import CONTACT_ID_PATTERN

        if self.kind is None:
            return [self.text] if re.fullmatch(CONTACT_ID_PATTERN, self.text) else []
        return hasher.lookups(self.kind, self.text)

    def contact(self) -> dict[str, JSON]:
        """`data.contact` of an interaction with this person."""
        if self.kind is None:
            return {"contact_id": self.text}
        if self.kind == "external":
            system, _, id_ = self.text.partition(":")
            return {"external": {system: id_}}
        return {"voter_id" if self.kind == "voter" else self.kind: self.text}


def nobody(word: str) -> str:
    """That nobody is known by a word, and what to look at; the word, which may be an address, is not repeated."""
    from events.fields import CONTACT_ID_PATTERN

    if _is_cut_hash(word):
        return (
            "nobody is known by this word: it begins as a contact_id does, and is not whole; give all 32 digits of it"
        )
    meant = named(word)
    if meant.kind is None and _is_like_phone(word):
        return f"nobody is known by this word: if it is a phone number, give phone:NUMBER; else {CURE}"
    if meant.kind is None:
        is_contact_id = re.fullmatch(CONTACT_ID_PATTERN, word)
        return f"nobody is known by this {'contact_id' if is_contact_id else 'word'}: {CURE}"
    return (
        f"nobody is known by this {_CALLED[meant.kind]}: is it spelled as it was reported, and HARMONIA_IDENTITY_KEY "
        "that of the workers?"
    )


def named(word: str) -> Named:
    """What a word means. A hash as it stands in records is a contact_id."""
    from events.identifiers import is_identity_hash

    kind, colon, text = word.partition(":")
    if colon and kind in _KINDS and not is_identity_hash(word):
        return Named(_KINDS[kind], text)
    return Named("email" if "@" in word else None, word)
