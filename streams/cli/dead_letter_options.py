"""Options by which the commands of `dead-letters` choose dead letters, and the choice that they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from events.refusal import Reason
from events.topics import DEAD_LETTERS, QUARANTINE
from streams.cli.failures import WRONG_USE, refuse
from streams.cli.time_options import parse_moment_or_age

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
ProgressOption = Annotated[
    bool, typer.Option("--progress", help="For programs: a line of JSON on standard error after each batch.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]


def selection_of_options(*, since: str | None, until: str | None, **others: Any) -> LetterSelection:
    """The choice that options mean. Ends the command when a time cannot be read, or a topic is unknown."""
    from streams.domain.dead_letter_repair.selection import LetterSelection

    _check_topic(others.get("topic"))
    first = None if since is None else parse_moment_or_age("--since", since)
    last = None if until is None else parse_moment_or_age("--until", until)
    return LetterSelection(since=first, until=last, **others)


def topic_of(*, quarantined: bool) -> str:
    """The topic of dead letters, or of held records."""
    return QUARANTINE if quarantined else DEAD_LETTERS


def letter_noun(topic: str) -> str:
    """What a record of the topic is called in messages."""
    return "held record" if topic == QUARANTINE else "dead letter"


def _check_topic(topic: str | None) -> None:
    """End the command for an unknown topic. A dot or slash is of a file, `gifts.csv`, or a hook, `hooks/mailgun`."""
    if topic is None or "." in topic or "/" in topic:
        return
    from events.spelling import nearest_name
    from streams.domain.dead_letter_repair.selection import TOPICS

    if topic in TOPICS:
        return
    near = nearest_name(topic, TOPICS)
    meant = f"did you mean {near}? " if near else ""
    refuse(f"--topic: {meant}Give one of {', '.join(TOPICS)}, the name of an imported file or hooks/NAME", WRONG_USE)
