"""Dead letters for a terminal of 80 columns, two or three lines each, and without what may name a person.

What producers write into `source` and `type` is theirs to choose, and so may be an address, or codes that a terminal
obeys. What does not look like a name is shown as `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from events.json_types import JSON
from events.times import render_time

if TYPE_CHECKING:
    from streams.clinic.causes import Group
    from streams.clinic.letters import Letter

_is_name = re.compile(r"[A-Za-z0-9_./:+-]{1,80}", re.ASCII).fullmatch
_has_number = re.compile(r"\d{7}").search
_INDENT = (0, 0, 0, 4)


def named(word: str | None) -> str:
    """A producer's word as it may be shown; `-` where it could not be read."""
    if word is None:
        return "-"
    return word if _is_name(word) and not _has_number(word) else "*"


def second(ms: int) -> str:
    """`2012-11-07 02:13:04Z`."""
    return render_time(ms)[:19].replace("T", " ") + "Z"


def console() -> Console:
    """Writes lines as they are: nothing in them is markup."""
    return Console(markup=False, highlight=False, emoji=False)


def show_letter(out: Console, letter: Letter) -> None:
    """When, why and where; then who sent what, and what was wrong with it."""
    back = f"  came back {len(letter.history)}x" if letter.history else ""
    out.print(f"{second(letter.time)}  {letter.refusal.reason}  {letter.origin_place}{back}", soft_wrap=True)
    source, type_ = letter.said
    out.print(Padding(Text(f"{named(type_)} of {named(source)}: {letter.refusal.detail}"), _INDENT, expand=False))


def show_group(out: Console, group: Group) -> None:
    """How many and why; where they came from; when, and some of them."""
    cause = group.cause
    out.print(Text(f"{group.count:>7,}  {cause.reason}: {cause.detail}"))
    back = f"; {group.came_back:,} came back" if group.came_back else ""
    where = f"{cause.topic} ({cause.stage}): {named(cause.type)} of {named(cause.source)}{back}"
    when = f"{second(group.first)} to {second(group.last)}"
    for line in (where, when, *(f"such as {place}" for place in group.samples[-1:])):
        out.print(Padding(Text(line), (0, 0, 0, 9), expand=False))


def letter_row(letter: Letter) -> dict[str, JSON]:
    """The same for a program. `came_back`: how often it was sent anew before."""
    origin, place = letter.origin, letter.place
    return {
        "time": render_time(letter.time),
        "reason": letter.refusal.reason.value,
        "topic": origin.topic,
        "partition": origin.partition,
        "offset": origin.offset,
        "stage": origin.stage,
        "detail": letter.refusal.detail,
        "source": letter.said.source,
        "type": letter.said.type,
        "letter": {"topic": place.topic, "partition": place.partition, "offset": place.offset},
        "came_back": len(letter.history),
    }


def group_row(group: Group) -> dict[str, JSON]:
    """The same for a program."""
    return {
        **group.cause._asdict(),
        "count": group.count,
        "came_back": group.came_back,
        "first": render_time(group.first),
        "last": render_time(group.last),
        "samples": [str(place) for place in group.samples],
    }


def cases(number: int, one: str, many: str) -> str:
    """`1 letter`, `12,000 letters`."""
    return f"{number:,} {one if number == 1 else many}"


def listed(lines: Iterable[str]) -> str:
    """Lines below a heading."""
    return "\n".join(f"  {line}" for line in lines)
