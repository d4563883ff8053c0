"""Commands over deliveries, dead letters and processes."""

from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from msgspec.structs import replace
from rich.console import Console
from typer.testing import CliRunner

from events.requeued import with_history
from events.times import render_time
from streams.cli import deliveries
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
from streams.platform.errors import Fenced
from streams.services.deliver import reading, server
from streams.services.deliver.reading import EndpointState
from tests.unit.domain.dead_letter_repair.writing import HASHER, Headers, letter, once, saying
from tests.unit.events.records import NOW

NOON = 1_329_904_800_000
WELL = EndpointState("field-app", 0, 0, None, None, 7, 0, 0, None, None, is_asked_to_replay=False)
LEFT_ALONE = EndpointState(
    "war-room",
    4_321,
    4,
    1,
    NOON - 7_200_000,
    7,
    0,
    5,
    render_time(NOON + 90_000),
    None,
    False,
    NOON - 60_000,
)
DISABLED = LEFT_ALONE._replace(id="old-app", dead=9, open_until=None, disabled_at=render_time(NOON - 7_200_123))


@pytest.fixture(autouse=True)
def _stored(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def consumer() -> Any:
        yield None

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(deliveries, "_consumer", consumer)
    monkeypatch.setattr(deliveries, "now_ms", lambda: NOON)
    monkeypatch.setattr(reading, "endpoint_states", lambda _: [WELL, DISABLED, LEFT_ALONE])


def test_the_list_says_what_will_happen_next_and_breaks_no_time() -> None:
    out = CliRunner().invoke(app, ["deliveries", "list"]).stdout.splitlines()
    assert [line.split() for line in out[1:4]] == [
        ["field-app", "0", "0", "7", "0"],
        ["old-app", "4,321", "2h", "4", "none", "7", "9"],
        ["war-room", "4,321", "2h", "4", "2012-02-22T10:01:30Z", "7", "0"],
    ]
    assert max(map(len, out)) <= 80
    words = " ".join(out).split()
    assert {"2012-02-22T07:59:59Z,", "2012-02-22T10:01:30Z,"} <= {*words}


def test_programs_get_the_names_of_the_table_and_times_that_are_rfc_3339() -> None:
    out = CliRunner().invoke(app, ["deliveries", "list", "--json"]).stdout.splitlines()
    assert orjson.loads(out[2]) == {
        "endpoint": "war-room",
        "waiting": 4_321,
        "oldest": "2012-02-22T08:00:00.000Z",
        "failed_before": 4,
        "next_attempt": "2012-02-22T10:01:30.000Z",
        "unread": 7,
        "dead": 0,
        "failures": 5,
        "left_alone_until": "2012-02-22T10:01:30.000Z",
        "disabled": None,
        "replay_asked": False,
    }


@pytest.mark.parametrize(
    ("name", "dead", "told"),
    [
        ("war-room", 0, "nothing of war-room is dead, so nothing was changed\n"),
        (
            "old-app",
            0,
            "nothing of old-app is dead since 2012-02-22T09:00:00Z, so nothing was changed; 9 are of before",
        ),
        ("old-app", 2, "old-app is told once more what is dead since 2012-02-22T09:00:00.000Z\n"),
    ],
)
def test_a_replay_of_what_is_dead_asks_for_nothing_where_nothing_is(
    monkeypatch: pytest.MonkeyPatch, name: str, dead: int, told: str
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(reading, "dead_since", lambda *_: dead)
    monkeypatch.setattr(reading, "ask_for_replay", lambda _, endpoint, *__, **___: asked.append(endpoint))
    monkeypatch.setattr(deliveries, "parse_moment_or_age", lambda *_: NOON - 3_600_000)
    ended = CliRunner().invoke(app, ["deliveries", "replay", name, "--since", "1h", "--failed"])
    assert (ended.exit_code, asked) == (0, [name] if dead else [])
    assert ended.stdout.startswith(told)


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


def test_one_that_another_has_taken_over_from_ends_as_a_fenced_worker_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_deliver(*_: object) -> None:
        raise Fenced("another has taken over")

    monkeypatch.setattr(server, "run_deliver", run_deliver)
    ended = CliRunner().invoke(app, ["deliver"])
    assert (ended.exit_code, ended.stderr) == (70, "another has taken over\n")


UNKNOWN = "HARMONIA_PARTITION is no setting and is ignored: did you mean HARMONIA_PARTITIONS?\n"


@pytest.mark.parametrize(("words", "said"), [([], UNKNOWN), (["--processes", "2"], UNKNOWN), (["--child"], "")])
def test_a_variable_that_is_no_setting_is_named_by_the_parent_and_not_by_each_child(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARMONIA_PARTITION", "3")
    monkeypatch.setenv("HARMONIA_POLICY", "absent.toml")  # which ends it before it looks for a broker

    ended = CliRunner().invoke(app, ["worker", *words])

    assert ended.exit_code == 1
    first, _, _ = ended.stderr.rpartition("HARMONIA_POLICY")
    assert first == said
