"""Shows dead letters: as lines for a terminal of 80 columns, whole, or as JSON; without what may name a person.

What producers write into `source` and `type` is theirs to choose, and so may be an address, or codes that a terminal
obeys. What does not look like a name is shown as `*`, to programs too.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import orjson
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from events.json_types import JSON
from events.times import render_time
from streams.cli.output import print_table, say
from streams.domain.display_names import HIDDEN, counted, named, printable

if TYPE_CHECKING:
    from streams.domain.dead_letter_repair.causes import LetterGroup
    from streams.domain.dead_letter_repair.letters import Letter
    from streams.domain.dead_letter_repair.shapes import FieldShapes


_INDENT = (0, 0, 0, 4)


def shown_time(ms: int) -> str:
    """A time in ms as `2012-11-07 02:13:04Z`."""
    return render_time(ms)[:19].replace("T", " ") + "Z"


def console() -> Console:
    """A console that prints lines as they are: nothing in them is markup."""
    return Console(markup=False, highlight=False, emoji=False)


def show_letter(out: Console, letter: Letter, *, is_requeued: bool = False) -> None:
    """Print a dead letter: when, why and where it was refused; then its type, source and mistake."""
    back = f"  came back {len(letter.history)}x" if letter.history else ""
    out.print(f"{shown_time(letter.time)}  {letter.refusal.reason}  {letter.origin_place}{back}", soft_wrap=True)
    if is_requeued:
        out.print(Padding(Text("requeued since, so not open"), _INDENT, expand=False))
    source, type_ = letter.declared
    out.print(
        Padding(Text(f"{named(type_)} of {named(source)}: {printable(letter.refusal.detail)}"), _INDENT, expand=False)
    )


def show_groups(out: Console, groups: Sequence[LetterGroup]) -> None:
    """Print groups with open dead letters, and then those of which all were requeued."""
    mended = [group for group in groups if not group.open]
    for heading, these in (("", [group for group in groups if group.open]), ("Nothing of these is open:", mended)):
        if heading and these:
            out.print(heading)
        if these:
            out.print(f"{'open':>7}  {'requeued':>8}")
        for group in these:
            show_group(out, group)


def show_group(out: Console, group: LetterGroup) -> None:
    """Print a group: open and requeued dead letters, cause, origin, time span and a sample."""
    cause = group.cause
    out.print(Text(f"{group.open:>7,}  {group.requeued:>8,}  {cause.reason}: {printable(cause.detail)}"))
    back = f"; {group.came_back:,} came back" if group.came_back else ""
    where = f"{cause.topic} ({cause.stage}): {named(cause.type)} of {named(cause.source)}{back}"
    when = f"{shown_time(group.first)} to {shown_time(group.last)}"
    for line in (where, when, *(f"such as {place}" for place in group.samples[-1:])):
        out.print(Padding(Text(line), (0, 0, 0, 19), expand=False))


def shown_name(word: str | None) -> str | None:
    """A source or type for JSON, hidden where it may name a person; None where it could not be read."""
    return None if word is None else named(word)


def letter_row(letter: Letter, requeued: str | None = None) -> dict[str, JSON]:
    """A dead letter as JSON. `came_back`: how often it was requeued before. `requeued`: when since; None: open."""
    origin, place = letter.origin, letter.place
    return {
        "time": render_time(letter.time),
        "reason": letter.refusal.reason.value,
        "topic": origin.topic,
        "partition": origin.partition,
        "offset": origin.offset,
        "stage": origin.stage,
        "detail": letter.refusal.detail,
        "source": shown_name(letter.declared.source),
        "type": shown_name(letter.declared.type),
        "letter": {"topic": place.topic, "partition": place.partition, "offset": place.offset},
        "came_back": len(letter.history),
        "requeued": requeued,
    }


def group_row(group: LetterGroup) -> dict[str, JSON]:
    """A group as JSON."""
    cause = group.cause
    return {
        **cause._replace(source=shown_name(cause.source), type=shown_name(cause.type))._asdict(),
        "count": group.count,
        "open": group.open,
        "requeued": group.requeued,
        "came_back": group.came_back,
        "first": render_time(group.first),
        "last": render_time(group.last),
        "samples": [str(place) for place in group.samples],
    }


def shapes_row(shapes: FieldShapes) -> dict[str, JSON]:
    """Fields and their kinds as JSON."""
    fields: list[JSON] = [{"path": path, "kinds": dict(kinds.most_common())} for path, kinds in shapes.kinds.items()]
    return {
        "letters": shapes.letters,
        "unreadable": shapes.unreadable,
        "left_out": shapes.left_out,
        "fields": fields,
    }


def show_shapes(shapes: FieldShapes) -> None:
    """Print fields and their kinds."""
    rows = [
        (path, ", ".join(f"{kind} ({count:,})" for kind, count in kinds.most_common()))
        for path, kinds in sorted(shapes.kinds.items())
    ]
    print_table(("field", "kind (of how many)"), rows)
    unreadable = f", {shapes.unreadable:,} of them no JSON object" if shapes.unreadable else ""
    say(f"of {counted(shapes.letters, 'dead letter', 'dead letters')}{unreadable}")
    if shapes.left_out:
        say(f"{shapes.left_out:,} fields more are not told apart")


def indented_lines(lines: Iterable[str]) -> str:
    """Lines indented below a heading."""
    return "\n".join(f"  {line}" for line in lines)


_is_place = re.compile(r"[a-z-]{1,40}/\d{1,6}/\d{1,18}", re.ASCII).fullmatch
_is_token = re.compile(r"[0-9a-f]{12}").fullmatch
_LONGEST = 20_000
"""Characters of a value that are printed at most."""


def show_whole(out: Console, letter: Letter, requeued: str | None, *, with_value: bool) -> None:
    """Print all of a dead letter. `requeued`: when it was, after it was written; None: open."""
    table = Table.grid(padding=(0, 2))
    source, type_ = letter.declared
    for name, text in (
        ("record", str(letter.origin_place)),
        ("dead letter", str(letter.place)),
        ("refused", f"{shown_time(letter.time)} by {letter.origin.stage}"),
        ("state", "open" if requeued is None else f"requeued {requeued}"),
        ("reason", letter.refusal.reason.value),
        ("detail", letter.refusal.detail),
        ("source", named(source)),
        ("type", named(type_)),
        ("headers", counted(len(letter.headers), "of its own", "of its own")),
        ("value", counted(len(letter.value or b""), "byte", "bytes")),
    ):
        table.add_row(name, Text(text, overflow="fold"))
    out.print(table)
    _show_history(out, letter)
    if with_value:
        _show_bytes(out, letter)
    else:
        out.print("headers and value may name people: --value shows them")


def whole_row(letter: Letter, requeued: str | None, *, with_value: bool) -> dict[str, JSON]:
    """All of a dead letter as JSON. Bytes that are no UTF-8 are base64, and `encoding` says so."""
    row: dict[str, JSON] = {
        **letter_row(letter, requeued),
        "history": orjson.loads(orjson.dumps([_once(letter, number) for number in range(len(letter.history))])),
        "headers": len(letter.headers),
        "bytes": len(letter.value or b""),
    }
    if with_value:
        headers: list[JSON] = [{"name": name, **_text_of(text)} for name, text in letter.headers]
        row |= {"headers": headers, "key": _text_of(letter.key), "value": _text_of(letter.value)}
    return row


def _once(letter: Letter, number: int) -> dict[str, JSON]:
    """One requeueing of the history header. Anybody may have written it, so a value of another form is hidden."""
    once = letter.history[number]
    return {
        "at": named(once.at),
        "from": _place(once.letter),
        "origin": _place(once.origin),
        "refused": named(once.refused),
        "reason": once.reason and named(once.reason),
        "mapping": once.mapping and _token(once.mapping),
        "run": _token(once.run),
    }


def _place(text: str) -> str:
    return text if _is_place(text) else HIDDEN


def _token(text: str) -> str:
    return text if _is_token(text) else HIDDEN


def _show_history(out: Console, letter: Letter) -> None:
    for number in range(len(letter.history)):
        once = _once(letter, number)
        how = f"with mapping {once['mapping']}" if once["mapping"] else "unchanged"
        out.print(Text(f"refused {once['refused']} at {once['origin']} as {once['reason']};"))
        out.print(Padding(Text(f"requeued {once['at']} {how}"), (0, 0, 0, 4), expand=False))


def _show_bytes(out: Console, letter: Letter) -> None:
    for name, text in letter.headers:
        out.print(Text(f"{_plain(name.encode())}: {'' if text is None else _plain(text)}", overflow="fold"))
    out.print(Text(_pretty(letter.value or b""), overflow="fold"))


def _pretty(value: bytes) -> str:
    """A value as indented JSON; what is no JSON, or a terminal would obey, is escaped."""
    try:
        text = orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _plain(value)[:_LONGEST]
    return "\n".join(_plain(line.encode()) for line in text[:_LONGEST].split("\n"))


def _plain(text: bytes) -> str:
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text.decode(errors="backslashreplace"))


def _text_of(value: bytes | None) -> dict[str, JSON]:
    if value is None:
        return {"text": None}
    try:
        return {"text": value.decode()}
    except UnicodeDecodeError:
        return {"text": b64encode(value).decode(), "encoding": "base64"}
