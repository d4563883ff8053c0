"""Dead letters for a terminal of 80 columns, two or three lines each, and without what may name a person.

What producers write into `source` and `type` is theirs to choose, and so may be an address, or codes that a terminal
obeys. What does not look like a name is shown as `*`, to programs too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from events.json_types import JSON
from events.times import render_time
from streams.domain.display_names import named, printable

if TYPE_CHECKING:
    from streams.domain.dead_letter_repair.causes import LetterGroup
    from streams.domain.dead_letter_repair.letters import Letter

_INDENT = (0, 0, 0, 4)


def second(ms: int) -> str:
    """`2012-11-07 02:13:04Z`."""
    return render_time(ms)[:19].replace("T", " ") + "Z"


def console() -> Console:
    """Writes lines as they are: nothing in them is markup."""
    return Console(markup=False, highlight=False, emoji=False)


def show_letter(out: Console, letter: Letter, *, is_requeued: bool = False) -> None:
    """When, why and where; then who sent what, and what was wrong with it."""
    back = f"  came back {len(letter.history)}x" if letter.history else ""
    out.print(f"{second(letter.time)}  {letter.refusal.reason}  {letter.origin_place}{back}", soft_wrap=True)
    if is_requeued:
        out.print(Padding(Text("requeued since, so not open"), _INDENT, expand=False))
    source, type_ = letter.said
    out.print(
        Padding(Text(f"{named(type_)} of {named(source)}: {printable(letter.refusal.detail)}"), _INDENT, expand=False)
    )


def show_groups(out: Console, groups: Sequence[LetterGroup]) -> None:
    """Those with open letters, and after them those of which all were requeued."""
    mended = [group for group in groups if not group.open]
    for heading, these in (("", [group for group in groups if group.open]), ("Nothing of these is open:", mended)):
        if heading and these:
            out.print(heading)
        if these:
            out.print(f"{'open':>7}  {'requeued':>8}")
        for group in these:
            show_group(out, group)


def show_group(out: Console, group: LetterGroup) -> None:
    """How many are open, how many were requeued, and why; where they came from; when, and some of them."""
    cause = group.cause
    out.print(Text(f"{group.open:>7,}  {group.requeued:>8,}  {cause.reason}: {printable(cause.detail)}"))
    back = f"; {group.came_back:,} came back" if group.came_back else ""
    where = f"{cause.topic} ({cause.stage}): {named(cause.type)} of {named(cause.source)}{back}"
    when = f"{second(group.first)} to {second(group.last)}"
    for line in (where, when, *(f"such as {place}" for place in group.samples[-1:])):
        out.print(Padding(Text(line), (0, 0, 0, 19), expand=False))


def told(word: str | None) -> str | None:
    """A producer's word for a program; None where it could not be read."""
    return None if word is None else named(word)


def letter_row(letter: Letter, requeued: str | None = None) -> dict[str, JSON]:
    """The same for a program. `came_back`: how often it was sent anew before. `requeued`: when since; None: open."""
    origin, place = letter.origin, letter.place
    return {
        "time": render_time(letter.time),
        "reason": letter.refusal.reason.value,
        "topic": origin.topic,
        "partition": origin.partition,
        "offset": origin.offset,
        "stage": origin.stage,
        "detail": letter.refusal.detail,
        "source": told(letter.said.source),
        "type": told(letter.said.type),
        "letter": {"topic": place.topic, "partition": place.partition, "offset": place.offset},
        "came_back": len(letter.history),
        "requeued": requeued,
    }


def group_row(group: LetterGroup) -> dict[str, JSON]:
    """The same for a program."""
    cause = group.cause
    return {
        **cause._replace(source=told(cause.source), type=told(cause.type))._asdict(),
        "count": group.count,
        "open": group.open,
        "requeued": group.requeued,
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
