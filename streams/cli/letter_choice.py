"""The options by which every command of `dead-letters` chooses letters, and what they mean."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from events.refusal import Reason
from events.times import parse_time
from events.topics import DEAD_LETTERS, QUARANTINE
from streams.cli.failures import WRONG_USE, refuse

if TYPE_CHECKING:
    from streams.domain.dead_letter_repair.selection import LetterSelection

WhyOption = Annotated[Reason | None, typer.Option("--reason", help="Only those with this dl_reason.")]
TopicOption = Annotated[str | None, typer.Option("--topic", help="Only those of this input topic.")]
StageOption = Annotated[str | None, typer.Option("--stage", help="Only those refused by intake, contacts or import.")]
SourceOption = Annotated[str | None, typer.Option("--source", help="Only those of this source, if it can be read.")]
TypeOption = Annotated[str | None, typer.Option("--type", help="Only those of this type, if it can be read.")]
SinceOption = Annotated[str | None, typer.Option("--since", help="Refused since: RFC 3339, or 30m, 2h, 7d ago.")]
UntilOption = Annotated[str | None, typer.Option("--until", help="Refused before: the same.")]
DetailOption = Annotated[str | None, typer.Option("--detail", help="Only those with this in dl_detail.")]
BackOption = Annotated[bool, typer.Option("--came-back", help="Only those that were requeued before.")]
HeldOption = Annotated[bool, typer.Option("--quarantined", help="Held records of quarantined sources instead.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]

_span = re.compile(r"(\d{1,6})([mhd])").fullmatch
_MINUTES = {"m": 1, "h": 60, "d": 1440}


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def choice_of(*, since: str | None, until: str | None, **others: Any) -> LetterSelection:
    """What the options choose; ends the command when a time cannot be read, or a topic is none of ours."""
    from streams.domain.dead_letter_repair.selection import LetterSelection

    _check_topic(others.get("topic"))
    first = None if since is None else moment_ago("--since", since)
    last = None if until is None else moment_ago("--until", until)
    return LetterSelection(since=first, until=last, **others)


def topic_of(*, quarantined: bool) -> str:
    """Where the letters are."""
    return QUARANTINE if quarantined else DEAD_LETTERS


def called(topic: str) -> str:
    """What one of those that are there is."""
    return "held record" if topic == QUARANTINE else "dead letter"


def _check_topic(topic: str | None) -> None:
    """A name with a dot or a slash is that of a file, `gifts.csv`, or of a hook, `hooks/mailgun`."""
    if topic is None or "." in topic or "/" in topic:
        return
    from events.spelling import nearest
    from streams.domain.dead_letter_repair.selection import TOPICS

    if topic in TOPICS:
        return
    near = nearest(topic, TOPICS)
    meant = f"did you mean {near}? " if near else ""
    refuse(f"--topic: {meant}Give one of {', '.join(TOPICS)}, the name of an imported file or hooks/NAME", WRONG_USE)


def moment_ago(option: str, text: str) -> int:
    """A time in ms since 1970, or so long ago. Ends the command where it is neither."""
    if found := _span(text):
        return now_ms() - int(found[1]) * _MINUTES[found[2]] * 60_000
    at = parse_time(text)
    if at is None:
        refuse(f"{option}: give RFC 3339 with an offset, such as 2012-11-07T00:00:00Z, or 30m, 2h, 7d ago", WRONG_USE)
    return at
