"""The table of identifiers that interactions named besides their fragment, each set kept once.

Most interactions of a person name the same few identifiers, so a fact holds a number and the state a short table. The
table is a function of the facts alone, sorted and without anything that no fact names, so states that know the same are
equal.
"""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from events.contact import Contact, HashedContact
from events.interaction_structs import ContactStruct
from streams.domain.contact.identity.identity_status import CarriedIdentifiers, Named
from streams.domain.contact.state import Fact, Key

Facts = dict[Key, Fact]
_HASHED = (ContactStruct, HashedContact)
_encode = msgspec.msgpack.Encoder().encode


def carried_by(contact: Contact | ContactStruct) -> int | CarriedIdentifiers:
    """What a harmonised contact names besides its strongest identifier; 0: nothing."""
    if contact.voter_id is None and contact.external is None and _is_one_name(contact):
        return 0
    if not isinstance(contact, _HASHED):
        return 0
    named = _named(contact)
    if not named:
        return 0
    aliases = [(name, old) for name, older in (contact.aliases or {}).items() for old in older if old != name]
    if len(named) == 1 and not named[0][1] and not aliases:
        return 0
    return CarriedIdentifiers(tuple(named[1:]), tuple(sorted(aliases)), named[0][1])


def _is_one_name(contact: Contact | ContactStruct) -> bool:
    """Whether it surely names no more than one of those without a class; most do."""
    if contact.contact_id is None and (contact.email is None or contact.phone is None):
        return not isinstance(contact, _HASHED) or contact.aliases is None
    return False


def _named(contact: HashedContact | ContactStruct) -> list[Named]:
    """The contact's identifiers, strongest first."""
    named: list[Named] = []
    if contact.contact_id is not None:
        named.append((contact.contact_id, ""))
    if contact.voter_id is not None:
        named.append((contact.voter_id, f"voter:{contact.voter_state or ''}"))
    if contact.external:
        named += [(contact.external[system], f"external:{system}") for system in sorted(contact.external)]
    if contact.email is not None:
        named.append((contact.email, ""))
    if contact.phone is not None:
        named.append((contact.phone, ""))
    return named


def size_of(table: Iterable[CarriedIdentifiers]) -> int:
    """The bytes that these take in an encoded state."""
    return sum(len(_encode(carried)) for carried in table)


class Table:
    """A state's table while it takes facts. `changed`: the facts' numbers may have to be given anew, see `numbered`."""

    __slots__ = ("changed", "table")

    def __init__(self, table: tuple[CarriedIdentifiers, ...]) -> None:
        self.table = table
        self.changed = False

    def enter(self, fact: Fact) -> tuple[Fact, int]:
        """The fact with its number, and the bytes that the table has grown by."""
        carried = fact.carried
        if isinstance(carried, int):
            return fact, 0
        if not carried.others and not carried.aliases:
            return replace(fact, carried=0), 0
        if carried in self.table:
            return replace(fact, carried=self.table.index(carried) + 1), 0
        self.table = (*self.table, carried)
        self.changed = True
        return replace(fact, carried=len(self.table)), size_of([carried])

    def named_by(self, facts: Iterable[Fact]) -> set[CarriedIdentifiers]:
        """What these facts name."""
        return {self.table[fact.carried - 1] for fact in facts if isinstance(fact.carried, int) and fact.carried}


def numbered(
    table: tuple[CarriedIdentifiers, ...], *groups: Facts
) -> tuple[tuple[CarriedIdentifiers, ...], list[Facts]]:
    """The table sorted, without what no fact of `groups` names, and the groups with their numbers in it."""
    named = Table(table).named_by(fact for group in groups for fact in group.values())
    after = tuple(sorted(named))
    if after == table:
        return after, list(groups)
    places = {number: after.index(carried) + 1 for number, carried in enumerate(table, 1) if carried in named}
    return after, [_renumbered(group, places) for group in groups]


def renumbered(facts: Facts, before: tuple[CarriedIdentifiers, ...], after: tuple[CarriedIdentifiers, ...]) -> Facts:
    """Facts of one table with their numbers in another one that holds all of it."""
    return _renumbered(facts, {number: after.index(carried) + 1 for number, carried in enumerate(before, 1)})


def _renumbered(facts: Facts, places: Mapping[int, int]) -> Facts:
    return {
        key: replace(fact, carried=places[fact.carried])
        if isinstance(fact.carried, int) and places.get(fact.carried, fact.carried) != fact.carried
        else fact
        for key, fact in facts.items()
    }
