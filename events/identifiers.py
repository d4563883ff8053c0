"""Identifiers as keyed hashes: enough to recognise a person, nothing to reach one by.

The hash is keyed, so that nobody who reads a topic or a dump can try all phone numbers; the kind is part of it, so that
equal texts of two kinds differ.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Literal, Protocol, get_args

from events.contact import Contact
from events.json_types import JSON
from events.mailboxes import Mailbox, mailbox_of
from events.normalise import normalise_email, normalise_phone, one_gmail, read_as_of_france

Kind = Literal["voter", "external", "email", "phone"]
KIND_ORDER: tuple[str, ...] = ("contact", "voter", "external", "email", "phone")
"""Strongest first; `contact` is a `contact_id` that was used as it is."""

_SEPARATOR = "\x1f"
_MAX_KEY = 64
_is_address = re.compile(r"(?:email|phone):[0-9a-f]{32}").fullmatch
_is_hash = re.compile(r"(voter|external|email|phone):[0-9a-f]{32}").fullmatch


def is_identity_hash(text: str) -> bool:
    """Whether an id is one of our hashes of an identifier, `<kind>:<32 hex>`."""
    return _is_hash(text) is not None


def is_address_hash(text: str) -> bool:
    """Whether an id is the hash of an e-mail address or of a phone number."""
    return _is_address(text) is not None


def kind_of(fragment: str) -> str:
    """The kind of identifier behind a fragment or contact_id: one of `KIND_ORDER`."""
    match = _is_hash(fragment)
    return "contact" if match is None else str(match[1])


class Named(Protocol):
    """A contact with plain identifiers, as a model or a struct."""

    @property
    def voter_id(self) -> str | None: ...
    @property
    def external(self) -> dict[str, str] | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...


REF_DIGITS = 16
"""So many digits of an address's hash tell a person's addresses apart."""


def ref_of(hashed: str) -> str:
    """The `ref` of an address, as profiles show it, from its hash."""
    return hashed.partition(":")[2][:REF_DIGITS]


class _Key:
    """A key prepared for each kind, since that costs as much as the hash itself."""

    def __init__(self, key: bytes) -> None:
        key = key if len(key) <= _MAX_KEY else blake2b(key).digest()
        self._ready = {kind: blake2b(key=key, digest_size=16, person=kind.encode()) for kind in get_args(Kind)}
        self.id = blake2b(key=key, digest_size=8, person=b"key id").hexdigest()
        self._seal = blake2b(key=key, digest_size=16, person=b"seal")

    def hash(self, kind: Kind, value: str) -> str:
        hashed = self._ready[kind].copy()
        hashed.update(value.encode())
        return f"{kind}:{hashed.hexdigest()}"

    def seal(self, text: bytes) -> str:
        sealed = self._seal.copy()
        sealed.update(text)
        return sealed.hexdigest()


class Hasher:
    """Hashes identifiers with the first of `keys`; the older ones still find people (`lookups`, `aliases`).

    Keys are of any length but not empty. `guessable`: those of them that prove nothing of who wrote something, since
    anybody may have them. `phone_region` reads phone numbers without a country code, and `overseas` those of France
    overseas with the codes of their departments; as they were read before, they still find people too. `gmail_aliases`
    takes addresses that Gmail delivers to one mailbox for one.
    """

    def __init__(
        self,
        keys: Sequence[bytes],
        phone_region: str = "US",
        *,
        overseas: bool = False,
        gmail_aliases: bool = False,
        guessable: Collection[bytes] = (),
    ) -> None:
        if not keys or not all(keys):
            raise ValueError("an identity key is needed, and none may be empty")
        self.phone_region = phone_region
        self._overseas = overseas and phone_region == "FR"
        self._gmail_aliases = gmail_aliases
        self._keys = [_Key(key) for key in keys]
        self._proving = [ready for key, ready in zip(keys, self._keys, strict=True) if key not in guessable]

    def voter(self, voter_id: str) -> str:
        """`"<state>:<id>"`; the state's case and the id's surrounding space do not matter."""
        return self._keys[0].hash("voter", _voter(voter_id))

    def external(self, system: str, value: str) -> str:
        """The id of a person in another system; the system's case does not matter, the id's does."""
        return self._keys[0].hash("external", _external(system, value))

    def email(self, text: str) -> str | None:
        """None when it cannot be normalised."""
        address = self._email(text)
        return None if address is None else self._keys[0].hash("email", address)

    def email_and_mailbox(self, text: str) -> tuple[str, Mailbox] | None:
        """The hash of an e-mail address and its provider, which the hash hides; None as with `email`."""
        address = self._email(text)
        return None if address is None else (self._keys[0].hash("email", address), mailbox_of(address))

    def phone(self, text: str) -> str | None:
        """None when it cannot be normalised."""
        number = self._phone(text)
        return None if number is None else self._keys[0].hash("phone", number)

    def lookups(self, kind: Kind, text: str) -> list[str]:
        """The hash under each key, the writing one first; `external` is `<system>:<id>`. Empty: no such identifier.

        Of a number overseas those of its former reading come last.
        """
        value = self._normal(kind, text)
        return [] if value is None else self._hashes(kind, value)

    def identifiers(self, contact: Contact) -> dict[str, JSON]:
        """The contact's identifiers by field, hashed, strongest first, without those that cannot be normalised."""
        found: dict[str, JSON] = {}
        if contact.contact_id is not None:
            found["contact_id"] = contact.contact_id
        if contact.voter_id is not None:
            found["voter_id"] = self.voter(contact.voter_id)
        if contact.external:
            found["external"] = {system: self.external(system, id_) for system, id_ in sorted(contact.external.items())}
        if contact.email is not None and (email := self.email(contact.email)):
            found["email"] = email
        if contact.phone is not None and (phone := self.phone(contact.phone)):
            found["phone"] = phone
        return found

    @property
    def key_ids(self) -> list[str]:
        """Ids of the keys, by which they can be recognised and not be read; the writing one first."""
        return [key.id for key in self._keys]

    def seal(self, text: bytes) -> str:
        """A seal of some bytes: proof that their writer has the writing key."""
        return self._keys[0].seal(text)

    def is_seal(self, text: bytes, proof: str) -> bool:
        """Whether a seal is that of a valid key which cannot be guessed."""
        return any(compare_digest(key.seal(text).encode(), proof.encode(errors="replace")) for key in self._proving)

    @property
    def may_alias(self) -> bool:
        """Whether anybody may be known under another hash of the same identifier."""
        return len(self._keys) > 1 or self._overseas

    def aliases(self, contact: Named) -> dict[str, JSON]:
        """For each of `identifiers` its hashes under the older keys, and of a former reading; without those of one."""
        if not self.may_alias:
            return {}
        found: dict[str, JSON] = {}
        named = self._normalised(contact) if len(self._keys) > 1 else self._number(contact)
        for kind, value in named:
            written, *older = self._hashes(kind, value)
            if older:
                found[written] = list(older)
        return found

    def _hashes(self, kind: Kind, value: str) -> list[str]:
        found = [key.hash(kind, value) for key in self._keys]
        if self._overseas and kind == "phone" and (former := read_as_of_france(value)) is not None:
            found += [key.hash(kind, former) for key in self._keys]
        return found

    def fragment(self, contact: Contact) -> str | None:
        """The strongest identifier, by which an interaction is keyed. None: no usable identifier."""
        return strongest(self.identifiers(contact))

    def _normalised(self, contact: Named) -> Iterator[tuple[Kind, str]]:
        if contact.voter_id is not None:
            yield "voter", _voter(contact.voter_id)
        for system, id_ in sorted((contact.external or {}).items()):
            yield "external", _external(system, id_)
        if contact.email is not None and (address := self._email(contact.email)):
            yield "email", address
        yield from self._number(contact)

    def _number(self, contact: Named) -> Iterator[tuple[Kind, str]]:
        if contact.phone is not None and (number := self._phone(contact.phone)):
            yield "phone", number

    def _phone(self, text: str) -> str | None:
        return normalise_phone(text, self.phone_region, overseas=self._overseas)

    def _email(self, text: str) -> str | None:
        address = normalise_email(text)
        return one_gmail(address) if address is not None and self._gmail_aliases else address

    def _normal(self, kind: Kind, text: str) -> str | None:
        if kind == "email":
            return self._email(text)
        if kind == "phone":
            return self._phone(text)
        head, colon, tail = text.partition(":")
        if not (head.strip() and colon and tail.strip()):
            return None
        return _voter(text) if kind == "voter" else _external(head, tail)


def strongest(identifiers: dict[str, JSON]) -> str | None:
    """The first of `Hasher.identifiers`; of several external ids that of the alphabetically first system."""
    for identifier in identifiers.values():
        if isinstance(identifier, dict):
            return strongest(identifier)
        if isinstance(identifier, str):
            return identifier
    return None


def voter_state(voter_id: str) -> str:
    """The state of a voter id, `NY`: two ids of one state are two people, and a hash does not show it."""
    return voter_id.partition(":")[0].strip().upper()


def _voter(voter_id: str) -> str:
    return f"{voter_state(voter_id)}:{voter_id.partition(':')[2].strip()}"


def _external(system: str, value: str) -> str:
    return f"{system.strip().lower()}{_SEPARATOR}{value.strip()}"
