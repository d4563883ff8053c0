"""The commands that say what somebody decided about people, checked as intake does it, and how to tell their effect."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import orjson

from events.envelope import Record, decode
from events.identifiers import Hasher
from events.json_types import JSON
from events.refusal import Refusal
from events.times import render_time
from events.topics import CONTACT_COMMANDS
from sinks.lookup import ContactAnswer, ContactNames
from streams.platform.settings import Settings
from streams.services.contact_decisions.effects import are_forgotten, are_one, are_two, is_suppressed, suppression_of
from streams.services.permission.person_name import parse_person

Contacts = Sequence[ContactAnswer]


@dataclass(frozen=True, slots=True)
class Command:
    """A command to send. `fragment`: the identifier whose partition takes it."""

    id: str
    value: bytes
    fragment: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Commands, the words that name their people, and how to tell their effect.

    `shows` is asked with the contacts as they were before, and as they are now.
    """

    type: str
    commands: Sequence[Command]
    words: Sequence[str]
    shows: Callable[[Contacts, Contacts], bool]


@dataclass(frozen=True, slots=True)
class Decider:
    """Makes the decisions of one `source`, about people whom words name in their long form. Times: ms since 1970.

    Each gives the refusal where intake would refuse a command.
    """

    settings: Settings
    source: str

    def link(self, one: str, other: str, now: int) -> Decision | Refusal:
        """Two contacts are one person."""
        return self._pair("contact.linked", (one, other), now, are_one)

    def unlink(self, one: str, other: str, now: int) -> Decision | Refusal:
        """Two contacts are not one person."""
        return self._pair("contact.unlinked", (one, other), now, lambda _, found: are_two(found))

    def suppress(self, one: str, ends: int | None, now: int) -> Decision | Refusal:
        """All contact with a person stops, for ever or until a time."""
        command = self._about("contact.suppressed", one, now, {} if ends is None else {"until": render_time(ends)})
        if isinstance(command, Refusal):
            return command

        def shows(_: Contacts, found: Contacts) -> bool:
            return is_suppressed(found[0], self.source, command.id)

        return Decision("contact.suppressed", [command], [one], shows)

    def unsuppress(self, one: str, now: int) -> Decision | Refusal:
        """The suppression that holds is lifted, by one that ends at the very time at which it begins."""
        command = self._about("contact.suppressed", one, now, {"until": render_time(now)})
        if isinstance(command, Refusal):
            return command
        return Decision("contact.suppressed", [command], [one], lambda _, found: suppression_of(found[0], now) is None)

    def erase(self, one: str, now: int) -> Decision | Refusal:
        """A person is forgotten."""
        command = self._about("contact.erased", one, now, {})
        if isinstance(command, Refusal):
            return command
        return Decision("contact.erased", [command], [one], lambda _, found: are_forgotten(found))

    def _pair(
        self, type_: str, pair: tuple[str, str], now: int, shows: Callable[[Contacts, Contacts], bool]
    ) -> Decision | Refusal:
        commands: list[Command] = []
        for both in id_pairs(self.settings.hasher, *pair):
            command = self._command(type_, now, {"contact_ids": [*both]}, min(both))
            if isinstance(command, Refusal):
                return command
            commands.append(command)
        return Decision(type_, commands, pair, shows)

    def _about(self, type_: str, word: str, at: int, data: dict[str, JSON]) -> Command | Refusal:
        name = parse_person(word)
        fragment = next(iter(name.ids(self.settings.hasher)), "")
        return self._command(type_, at, {"contact": name.contact(), **data}, fragment)

    def _command(self, type_: str, at: int, data: dict[str, JSON], fragment: str) -> Command | Refusal:
        head: dict[str, JSON] = {"specversion": "1.0", "source": self.source, "type": type_, "time": render_time(at)}
        id_ = str(uuid.uuid4())
        value = orjson.dumps({**head, "id": id_, "data": data})
        judged = decode(Record(CONTACT_COMMANDS, value, (), at), self.settings.phone_region)
        return judged if isinstance(judged, Refusal) else Command(id_, value, fragment)


def names_of(words: Sequence[str], hasher: Hasher) -> list[ContactNames]:
    """The ids under which Redis may know the people of these words."""
    return [parse_person(word).ids(hasher) or [word] for word in words]


def id_pairs(hasher: Hasher, one: str, other: str) -> list[tuple[str, str]]:
    """All pairs of the ids of two words: an identifier has a hash under each valid key.

    Nobody may have reported it since the last rotation; then only its hash under an older key is known.
    """
    return list(product(parse_person(one).ids(hasher) or [one], parse_person(other).ids(hasher) or [other]))
