"""What `harmonia dead-letters` refuses before it asks any server, and what it never shows."""

from io import StringIO
from pathlib import Path

import orjson
from msgspec.structs import replace
from rich.console import Console
from typer.testing import CliRunner

from events.requeued import with_history
from streams.cli.dead_letter_options import selection_of_options
from streams.cli.dead_letter_output import (
    group_row,
    letter_row,
    show_group,
    show_letter,
    show_whole,
    whole_row,
)
from streams.cli.main import app
from streams.cli.time_options import now_ms
from streams.domain.dead_letter_repair.causes import group_by_cause
from tests.unit.domain.dead_letter_repair.writing import HASHER, Headers, letter, once, saying
from tests.unit.events.records import NOW


def test_every_mistake_in_a_mapping_is_told_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "cure.toml"
    file.write_text('[cast]\ndata.a = "integer"\n[default]\nid = "1"\n')
    ended = CliRunner().invoke(app, ["dead-letters", "requeue", "--all", "--mapping", str(file)])
    assert ended.exit_code == 2
    assert [line.split(": ")[:2] for line in ended.stderr.splitlines()] == [
        [str(file), "default.id"],
        [str(file), "cast.data.a"],
    ]


def test_a_time_may_be_a_while_ago() -> None:
    before = now_ms()
    choice = selection_of_options(since="2h", until="30m")
    assert choice.since is not None
    assert choice.until is not None
    assert 0 <= choice.since - (before - 7_200_000) < 60_000
    assert 0 <= choice.until - (before - 1_800_000) < 60_000
    assert selection_of_options(since="2012-02-22T10:00:00Z", until=None).since == NOW


def shown(width: int = 80) -> Console:
    return Console(width=width, record=True, markup=False, highlight=False, file=StringIO())


def test_neither_lists_nor_groups_show_values_and_both_fit_80_columns() -> None:
    own: Headers = [("trace", b"\xff"), ("who", b"ada@example.org")]
    one = letter(
        saying(contact={"email": "ada@example.org"}),
        headers=with_history(None, own, [once()], HASHER),
        detail="data.message_id: " + "much too long, " * 9,
    )
    out = shown()
    show_letter(out, one)
    show_group(out, group_by_cause([one])[0])
    show_whole(out, one, None, with_value=False)
    text = out.export_text()
    assert "email.opened of digital/mailer" in text
    assert "came back 1x" in text
    assert "ada" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_value_is_shown_where_it_is_asked_for_and_no_terminal_obeys_it() -> None:
    out = shown()
    show_whole(out, letter(b"\x1b[2J{", headers=[("h\x07", b"\xff")]), None, with_value=True)
    text = out.export_text()
    assert "\\x1b[2J{" in text
    assert "h\\x07: \\xff" in text


def test_a_program_gets_bytes_that_are_no_text_as_base64() -> None:
    row = whole_row(letter(b"\xff", headers=[("a", b"1"), ("b", None)]), None, with_value=True)
    assert row["value"] == {"text": "/w==", "encoding": "base64"}
    assert row["headers"] == [{"name": "a", "text": "1"}, {"name": "b", "text": None}]
    assert "value" not in whole_row(letter(b"\xff"), None, with_value=False)


def test_a_source_that_is_an_address_is_hidden_from_programs_too() -> None:
    one = letter(saying().replace(b"digital/mailer", b"ada@example.org"))
    [group] = group_by_cause([one])
    for row in (letter_row(one), group_row(group), whole_row(one, None, with_value=False)):
        assert row["source"] == "*"
        assert b"example.org" not in orjson.dumps(row)


def test_of_a_history_that_a_producer_wrote_nothing_odd_is_shown() -> None:
    told = replace(once(), at="\x1b[2J", origin="ada@example.org", reason="\r\n", run="+12125550123")
    one, out = letter(saying(), headers=with_history(None, [], [told], HASHER)), shown()
    show_whole(out, one, None, with_value=False)
    [row] = orjson.loads(orjson.dumps(whole_row(one, None, with_value=False)["history"]))
    assert (row["at"], row["origin"], row["reason"], row["run"]) == ("*", "*", "*", "*")
    text = out.export_text()
    assert not any(odd in text for odd in ("\x1b", "example.org", "2125550123"))
