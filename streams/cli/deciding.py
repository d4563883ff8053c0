"""`harmonia contact link, unlink, suppress, erase`: sends a command to `contact-commands`, for the workers to act on.

What is decided is said with the time at which it was decided, and by whom: the latest command counts. Whom a contact_id
names is looked up first, for anything may look like one: a voter id was "sent", and nobody was forgotten.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from events.json_types import JSON
from events.refusal import Refusal
from events.times import parse_time, render_time
from events.topics import CONTACT_COMMANDS
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.naming import CURE, HELP, METAVAR, named

if TYPE_CHECKING:
    from events.identifiers import Hasher
    from streams.settings import Settings

One = Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)]
Other = Annotated[str, typer.Argument(metavar=METAVAR, help="Another one.")]
Source = Annotated[str, typer.Option(help="Who decides, as the command's source.")]
Unknown = Annotated[bool, typer.Option("--unknown", help="Send it although nobody is known by that name.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: the commands as they were sent, one a line.")]
_SOURCE = "operator/harmonia"


def link(one: One, other: Other, source: Source = _SOURCE, unknown: Unknown = False, as_json: AsJson = False) -> None:
    """Say that two contacts are one person."""
    _Desk(load_settings(), source, unknown, as_json).rule("contact.linked", one, other)


def unlink(one: One, other: Other, source: Source = _SOURCE, unknown: Unknown = False, as_json: AsJson = False) -> None:
    """Say that two contacts are not one person, whatever they have in common."""
    _Desk(load_settings(), source, unknown, as_json).rule("contact.unlinked", one, other)


def suppress(
    one: One,
    until: Annotated[str | None, typer.Option(help="RFC 3339 with an offset; without it for ever.")] = None,
    source: Source = _SOURCE,
    unknown: Unknown = False,
    as_json: AsJson = False,
) -> None:
    """Stop all contact with a person, and keep the record. Of an address nobody need be known yet."""
    desk = _Desk(load_settings(), source, unknown, as_json)
    if until is not None and parse_time(until) is None:
        refuse("--until: give RFC 3339 with an offset, such as 2012-11-07T00:00:00Z", WRONG_USE)
    data: dict[str, JSON] = {"contact": named(one).contact()}
    if until is not None:
        data["until"] = until
    desk.send("contact.suppressed", [data], _contact_ids([one]))


def erase(
    one: One,
    source: Source = _SOURCE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    unknown: Unknown = False,
    as_json: AsJson = False,
) -> None:
    """Forget a person, for good: all that was heard under any identifier of theirs."""
    desk = _Desk(load_settings(), source, unknown, as_json)
    if not yes:
        typer.confirm("This cannot be undone. Forget this person?", abort=True, err=True)
    desk.send("contact.erased", [{"contact": named(one).contact()}], [one])


def pairs(hasher: Hasher, one: str, other: str) -> list[tuple[str, str]]:
    """Both as ids. An identifier goes by its hash, under each key that is valid.

    Nobody may have said it since the last rotation, and so only its hash under an older key is known to be anybody's.
    """
    return list(product(named(one).ids(hasher) or [one], named(other).ids(hasher) or [other]))


def _contact_ids(words: Iterable[str]) -> list[str]:
    return [word for word in words if named(word).kind is None]


@dataclass(frozen=True)
class _Desk:
    """Where it is decided: by whom, of whom (`unknown`: also of nobody known), and what is said of it."""

    settings: Settings
    source: str
    unknown: bool
    as_json: bool

    def rule(self, type_: str, one: str, other: str) -> None:
        """Send a ruling on two."""
        said: list[dict[str, JSON]] = [{"contact_ids": [*pair]} for pair in pairs(self.settings.hasher, one, other)]
        self.send(type_, said, _contact_ids([one, other]))

    def send(self, type_: str, said: Sequence[dict[str, JSON]], known: Iterable[str]) -> None:
        """Send a command for each of `said`, or none if one of them would be refused or one of `known` is not."""
        from streams.cli.person import look_up
        from streams.clients import KafkaClients
        from streams.topics import require_topic

        now = time.time_ns() // 1_000_000
        head: dict[str, JSON] = {"specversion": "1.0", "source": self.source, "type": type_, "time": render_time(now)}
        commands: dict[str, dict[str, JSON]] = {str(uuid.uuid4()): {**head, "data": data} for data in said}
        values = [self._judged({**command, "id": id_}, now) for id_, command in commands.items()]
        with failing_plainly():
            if not self.unknown and not all(look_up(self.settings, word) for word in known):
                refuse(f"nobody is known by that name, so nothing was sent: {CURE}; or --unknown")
            require_topic(self.settings, CONTACT_COMMANDS)
            producer = KafkaClients(self.settings).tool_producer()
            for sent in [producer.send(CONTACT_COMMANDS, value) for value in values]:
                sent.get()
            producer.close()
        for id_, value in zip(commands, values, strict=True):
            typer.echo(value if self.as_json else f"sent {type_} {id_}")

    def _judged(self, command: dict[str, JSON], at: int) -> bytes:
        from events.envelope import Record, decode

        value = orjson.dumps(command)
        judged = decode(Record(CONTACT_COMMANDS, value, (), at), self.settings.phone_region)
        if isinstance(judged, Refusal):
            refuse(f"{judged.reason}: {judged.detail}; {CURE}")
        return value
