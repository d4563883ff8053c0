"""What `harmonia deliveries` prints of what is stored, and what it asks for. The topics are those of the test."""

from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from events.times import render_time
from streams.cli import deliveries
from streams.cli.main import app
from streams.services.deliver import reading
from streams.services.deliver.reading import EndpointState

NOW = 1_329_904_800_000
WELL = EndpointState("field-app", 0, 0, None, None, 7, 0, 0, None, None, is_asked_to_replay=False)
LEFT_ALONE = EndpointState(
    "war-room", 4_321, 4, 1, NOW - 7_200_000, 7, 0, 5, render_time(NOW + 90_000), None, False, NOW - 60_000
)
DISABLED = LEFT_ALONE._replace(id="old-app", dead=9, open_until=None, disabled_at=render_time(NOW - 7_200_123))


@pytest.fixture(autouse=True)
def _stored(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def consumer() -> Any:
        yield None

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(deliveries, "_consumer", consumer)
    monkeypatch.setattr(deliveries, "now_ms", lambda: NOW)
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
    monkeypatch.setattr(deliveries, "parse_moment_or_age", lambda *_: NOW - 3_600_000)
    ended = CliRunner().invoke(app, ["deliveries", "replay", name, "--since", "1h", "--failed"])
    assert (ended.exit_code, asked) == (0, [name] if dead else [])
    assert ended.stdout.startswith(told)
