"""Whoever decodes with msgspec catches all that it raises for bytes that are no JSON."""

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from events.json_types import UNREADABLE

ROOT = Path(__file__).parents[3]
TOO_NARROW = {"DecodeError", "MsgspecError"}


@pytest.mark.parametrize("text", [b"", b"[", b'{"\xff":1}', b'{"a":"\xed\xa0\x80"}', b'{"\\ud800":1}', b"[" * 100_000])
def test_every_text_that_is_no_json_raises_what_is_caught(text: bytes) -> None:
    with pytest.raises(UNREADABLE):
        msgspec.json.decode(text, type=dict[str, str] | list[object])


def narrow_handlers(file: Path) -> Iterator[str]:
    text = file.read_text()
    for node in ast.walk(ast.parse(text)) if any(name in text for name in TOO_NARROW) else ():
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            caught = {each.attr for each in ast.walk(node.type) if isinstance(each, ast.Attribute)}
            if caught & TOO_NARROW:
                yield f"{file.relative_to(ROOT)}:{node.lineno}"


def test_no_module_takes_errors_of_msgspec_for_all_that_bytes_can_raise() -> None:
    """msgspec raises UnicodeDecodeError for a text that is no UTF-8, which is none of its own errors."""
    files = [file for room in ("events", "sinks", "streams") for file in (ROOT / room).rglob("*.py")]
    assert [line for file in files for line in narrow_handlers(file)] == []
