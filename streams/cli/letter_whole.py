"""One dead letter with all that is known of it. Its headers and value only where they were asked for."""

import re
from base64 import b64encode

import orjson
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from events.json_types import JSON
from streams.cli.letter_lines import cases, letter_row, second
from streams.domain.dead_letter_repair.letters import Letter
from streams.domain.display_names import HIDDEN, named

_is_place = re.compile(r"[a-z-]{1,40}/\d{1,6}/\d{1,18}", re.ASCII).fullmatch
_is_token = re.compile(r"[0-9a-f]{12}").fullmatch
_LONGEST = 20_000
"""Characters of a value that a terminal is given."""


def show_whole(out: Console, letter: Letter, requeued: str | None, *, with_value: bool) -> None:
    """For people. `requeued`: when it was, after this letter was written; None: it is open."""
    table = Table.grid(padding=(0, 2))
    source, type_ = letter.said
    for name, text in (
        ("record", str(letter.origin_place)),
        ("dead letter", str(letter.place)),
        ("refused", f"{second(letter.time)} by {letter.origin.stage}"),
        ("state", "open" if requeued is None else f"requeued {requeued}"),
        ("reason", letter.refusal.reason.value),
        ("detail", letter.refusal.detail),
        ("source", named(source)),
        ("type", named(type_)),
        ("headers", cases(len(letter.headers), "of its own", "of its own")),
        ("value", cases(len(letter.value or b""), "byte", "bytes")),
    ):
        table.add_row(name, Text(text, overflow="fold"))
    out.print(table)
    _show_history(out, letter)
    if with_value:
        _show_bytes(out, letter)
    else:
        out.print("headers and value may name people: --value shows them")


def whole_row(letter: Letter, requeued: str | None, *, with_value: bool) -> dict[str, JSON]:
    """For a program. Bytes that are no UTF-8 are base64, with `encoding` saying so."""
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
    """What the header tells, which anybody may have written: none of it is shown that does not look like what it is."""
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
    """JSON with an object a line; anything else, and what a terminal would obey, escaped."""
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
