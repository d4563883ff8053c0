"""What commands print of endpoints, campaigns and alerts."""

import re
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from events.times import render_time
from streams.cli import deliveries
from streams.cli.alerts import alert_rules, latest_alerts
from streams.cli.campaigns import campaign_cells, campaign_rows
from streams.cli.main import app
from streams.domain.campaigns import CampaignCounts, ProviderCounts, ReportCount
from streams.operations.text_campaigns import TextCounts, count_texts
from streams.platform.errors import Fenced
from streams.services.deliver import reading, server
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


def test_one_that_another_has_taken_over_from_ends_as_a_fenced_worker_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_deliver(*_: object) -> None:
        raise Fenced("another has taken over")

    monkeypatch.setattr(server, "run_deliver", run_deliver)
    ended = CliRunner().invoke(app, ["deliver"])
    assert (ended.exit_code, ended.stderr) == (70, "another has taken over\n")


# `harmonia campaigns list` has campaigns of mail and of texts, and – for what is not known of them.
AT = "2026-02-03T18:00:00.000Z"
AT_MS = 1_770_141_600_000


def record(who: str, id_: str, type_: str, **data: str) -> tuple[bytes, bytes]:
    return who.encode(), orjson.dumps({"id": id_, "source": "digital/sms", "type": type_, "time": AT, "data": data})


SENT = [
    record("van.1", "1", "text.sent", campaign_id="polls-2", message_id="m1"),
    record("van.1", "1", "text.sent", campaign_id="polls-2", message_id="m1"),
    record("van.2", "2", "text.sent", campaign_id="polls-2", message_id="m2"),
    record("van.2", "3", "text.delivered", campaign_id="polls-2", message_id="m2"),
    record("van.9", "4", "text.sent", campaign_id="polls-3", message_id="m3"),
]


def test_texts_are_counted_once_by_campaign_and_stops_by_the_text_that_they_answer() -> None:
    stops = [
        record("van.2", "5", "text.opted_out", message_id="m2", keyword="STOP"),
        record("van.1", "6", "text.opted_out", campaign_id="polls-2"),
        record("van.7", "7", "text.opted_out"),
        record("van.7", "8", "text.opted_out", message_id="m1"),
        (b"van.1", b'{"type": "text.sent'),
        (b"van.1", None),
    ]
    assert count_texts([*stops, *SENT], is_whole=True) == {
        "polls-2": TextCounts(2, 2, AT_MS), "polls-3": TextCounts(1, None, AT_MS),
    }  # fmt: skip


def test_of_a_part_of_the_interactions_a_campaign_of_texts_is_named_without_numbers() -> None:
    assert count_texts(SENT, is_whole=False)["polls-2"] == TextCounts(None, None, AT_MS)


def test_campaigns_of_texts_are_listed_with_a_dash_for_what_they_do_not_have() -> None:
    mail = CampaignCounts({"gmail": ProviderCounts(1_000, 990, ReportCount(3, ()), ReportCount(2, ()))}, AT_MS - 1)
    texts = {"polls-2": TextCounts(2_000, 7, AT_MS), "polls-3": TextCounts(None, None, AT_MS + 1)}
    rows = campaign_rows({"gotv-3": mail}, texts, {"held": None}, AT_MS)
    assert [(cells[0], cells[1], *cells[3:]) for cells in map(campaign_cells, rows)] == [
        ("held", "", "0", "0", "0", "until lifted"),
        ("gotv-3", "email", "1,000", "3", "2", ""),
        ("polls-2", "text", "2,000", "–", "7", ""),
        ("polls-3", "text", "–", "–", "–", ""),
    ]


def test_a_campaign_of_mail_and_texts_has_the_counts_of_its_mail() -> None:
    mail = CampaignCounts({"gmail": ProviderCounts(1_000, 990, ReportCount(3, ()), ReportCount(2, ()))}, AT_MS - 1)
    [row] = campaign_rows({"gotv-3": mail}, {"gotv-3": TextCounts(5, 1, AT_MS)}, {}, AT_MS)
    assert (row.channels, row.messages, row.unsubscribes, row.last_sent) == (["email", "text"], 1_000, 2, AT_MS)


# What `harmonia alerts list` refuses before it asks any server, and the order in which alerts are listed.
def test_every_rule_that_is_described_may_be_asked_for() -> None:
    described = re.findall(r"^\| `([a-z]+(?:_[a-z]+)+|erased)` \|", Path("docs/alerts.md").read_text(), re.MULTILINE)

    assert len(described) >= 10
    assert set(described) <= set(alert_rules())


def test_the_latest_alerts_are_listed_in_the_order_of_the_times_that_they_show() -> None:
    noon, one, two = ({"at": f"2012-11-06T{hour}:00:00.000Z"} for hour in (12, 13, 14))
    written = [(3, one), (1, two), (2, noon)]  # one that is about earlier may be written later

    assert latest_alerts(written, 3) == [noon, one, two]
    assert latest_alerts(written, 2) == [noon, one]
