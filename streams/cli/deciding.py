"""`harmonia contact link, unlink, suppress, erase`: sends a command to `contact-commands`, for the workers to act on.

What is decided is said with the time at which it was decided, and by whom: the latest command counts.
"""

import time
import uuid
from collections.abc import Sequence
from itertools import product
from typing import Annotated

import orjson
import typer

from events.envelope import Record, decode
from events.identifiers import Hasher
from events.json_types import JSON
from events.refusal import Refusal
from events.times import parse_time, render_time
from events.topics import CONTACT_COMMANDS
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.clients import KafkaClients
from streams.settings import Settings
from streams.topics import require_input_topics

One = Annotated[str, typer.Argument(metavar="ID_OR_EMAIL", help="A contact_id, or an e-mail address.")]
Other = Annotated[str, typer.Argument(metavar="ID_OR_EMAIL", help="Another one.")]
Source = Annotated[str, typer.Option(help="Who decides, as the command's source.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: the commands as they were sent, one a line.")]
_SOURCE = "operator/harmonia"


def link(one: One, other: Other, source: Source = _SOURCE, as_json: AsJson = False) -> None:
    """Say that two contacts are one person."""
    settings = load_settings()
    _send(settings, "contact.linked", _rulings(settings, one, other), source, as_json=as_json)


def unlink(one: One, other: Other, source: Source = _SOURCE, as_json: AsJson = False) -> None:
    """Say that two contacts are not one person, whatever they have in common."""
    settings = load_settings()
    _send(settings, "contact.unlinked", _rulings(settings, one, other), source, as_json=as_json)


def suppress(
    one: One,
    until: Annotated[str | None, typer.Option(help="RFC 3339 with an offset; without it for ever.")] = None,
    source: Source = _SOURCE,
    as_json: AsJson = False,
) -> None:
    """Stop all contact with a person, and keep the record."""
    settings = load_settings()
    if until is not None and parse_time(until) is None:
        refuse("--until: give RFC 3339 with an offset, such as 2012-11-07T00:00:00Z", WRONG_USE)
    data: dict[str, JSON] = {"contact": _contact(one)}
    if until is not None:
        data["until"] = until
    _send(settings, "contact.suppressed", [data], source, as_json=as_json)


def erase(
    one: One,
    source: Source = _SOURCE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a person, for good: all that was heard under any identifier of theirs."""
    settings = load_settings()
    if not yes:
        typer.confirm("This cannot be undone. Forget this person?", abort=True, err=True)
    _send(settings, "contact.erased", [{"contact": _contact(one)}], source, as_json=as_json)


def _contact(who: str) -> dict[str, JSON]:
    return {"email": who} if "@" in who else {"contact_id": who}


def pairs(hasher: Hasher, one: str, other: str) -> list[tuple[str, str]]:
    """Both as ids. An address goes by its hash, under each key that is valid.

    Nobody may have said it since the last rotation, and so only its hash under an older key is known to be anybody's.
    """
    return list(product(_ids(hasher, one), _ids(hasher, other)))


def _ids(hasher: Hasher, who: str) -> list[str]:
    return (hasher.lookups("email", who) if "@" in who else []) or [who]


def _rulings(settings: Settings, one: str, other: str) -> list[dict[str, JSON]]:
    return [{"contact_ids": [*pair]} for pair in pairs(settings.hasher, one, other)]


def _send(settings: Settings, type_: str, said: Sequence[dict[str, JSON]], source: str, *, as_json: bool) -> None:
    """Send a command for each of `said`, or none if one of them would be refused."""
    now = time.time_ns() // 1_000_000
    head: dict[str, JSON] = {"specversion": "1.0", "source": source, "type": type_, "time": render_time(now)}
    commands: dict[str, dict[str, JSON]] = {str(uuid.uuid4()): {**head, "data": data} for data in said}
    values = [_judged(settings, {**command, "id": id_}, now) for id_, command in commands.items()]
    with failing_plainly():
        require_input_topics(settings)
        producer = KafkaClients(settings).tool_producer()
        for sent in [producer.send(CONTACT_COMMANDS, value) for value in values]:
            sent.get()
        producer.close()
    for id_, value in zip(commands, values, strict=True):
        typer.echo(value if as_json else f"sent {type_} {id_}")


def _judged(settings: Settings, command: dict[str, JSON], at: int) -> bytes:
    value = orjson.dumps(command)
    judged = decode(Record(CONTACT_COMMANDS, value, (), at), settings.phone_region)
    if isinstance(judged, Refusal):
        refuse(f"{judged.reason}: {judged.detail}")
    return value
