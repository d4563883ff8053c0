"""One dead letter with all that is known of it. Its headers and value only where they were asked for."""

from base64 import b64encode

import orjson
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from events.json_types import JSON
from streams.cli.letter_lines import cases, letter_row, named, second
from streams.clinic.letters import Letter

_LONGEST = 20_000
"""Characters of a value that a terminal is given."""


def show_whole(out: Console, letter: Letter, *, with_value: bool) -> None:
    """For people."""
    table = Table.grid(padding=(0, 2))
    source, type_ = letter.said
    for name, text in (
        ("record", str(letter.origin_place)),
        ("dead letter", str(letter.place)),
        ("refused", f"{second(letter.time)} by {letter.origin.stage}"),
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


def whole_row(letter: Letter, *, with_value: bool) -> dict[str, JSON]:
    """For a program. Bytes that are no UTF-8 are base64, with `encoding` saying so."""
    row: dict[str, JSON] = {
        **letter_row(letter),
        "history": orjson.loads(orjson.dumps([_once(letter, number) for number in range(len(letter.history))])),
        "headers": len(letter.headers),
        "bytes": len(letter.value or b""),
    }
    if with_value:
        headers: list[JSON] = [{"name": name, **_text_of(text)} for name, text in letter.headers]
        row |= {"headers": headers, "key": _text_of(letter.key), "value": _text_of(letter.value)}
    return row


def _once(letter: Letter, number: int) -> dict[str, JSON]:
    once = letter.history[number]
    return {
        "at": once.at,
        "from": once.letter,
        "origin": once.origin,
        "refused": once.refused,
        "reason": once.reason,
        "mapping": once.mapping,
        "run": once.run,
    }


def _show_history(out: Console, letter: Letter) -> None:
    for once in letter.history:
        how = f"with mapping {once.mapping}" if once.mapping else "unchanged"
        out.print(Text(f"refused {once.refused} at {once.origin} as {once.reason};"))
        out.print(Padding(Text(f"requeued {once.at} {how}"), (0, 0, 0, 4), expand=False))


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
