"""A person named by one word, as people type it: a contact_id, an e-mail address, or an identifier behind its kind.

A word that is no other identifier is a contact_id, and anything may look like one: a voter id, a phone number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from events.json_types import JSON

if TYPE_CHECKING:
    from events.identifiers import Hasher, Kind

_KINDS: dict[str, Kind] = {"phone": "phone", "voter": "voter", "external": "external", "email": "email"}


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person named by one identifier; `kind` None: `text` is a contact_id."""

    kind: Kind | None
    text: str

    def ids(self, hasher: Hasher) -> list[str]:
        """The contact_ids that it may be: its hash under each valid key. Empty: it cannot be read."""
        from events.fields import CONTACT_ID_PATTERN  # noqa: PLC0415 (commands import this that need none of it)

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


def parse_person(word: str) -> PersonName:
    """The identifier that a word means. A hash as it stands in records is a contact_id."""
    from events.identifiers import is_identity_hash  # noqa: PLC0415 (slow, and most commands name nobody)

    kind, colon, text = word.partition(":")
    if colon and kind in _KINDS and not is_identity_hash(word):
        return PersonName(_KINDS[kind], text)
    return PersonName("email" if "@" in word else None, word)
