"""Commands over lists of people."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest
from typer.testing import CliRunner, Result

from events.topics import CONTACT_LINKS, CONTACT_SUPPRESSIONS
from streams.cli.campaigns import campaign_cells, campaign_rows
from streams.cli.main import app
from streams.cli.suppressions import _read
from streams.domain.campaigns import CampaignCounts, ProviderCounts, ReportCount
from streams.operations.text_campaigns import TextCounts, count_texts
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.services.suppressions.closings import ClosingStore

NOWHERE = {"REDIS_URL": "redis://127.0.0.1:1/0"}


def export(file: Path, *words: str, regime: str = "eu") -> Result:
    asked = ["audience", "export", str(file), "--for", "online_ads", "--team", "digital", *words]
    return CliRunner().invoke(app, asked, env={**NOWHERE, "HARMONIA_REGIME": regime})


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    file = tmp_path / "list.csv"
    file.write_text("contact_id,adresse mel,plan\nc1,bob@example.org,b\n")
    return file


@pytest.mark.parametrize("words", [(), ("--carry", "plan")])
def test_a_column_that_is_not_read_may_hold_an_address_and_is_not_written(listed: Path, words: tuple[str, ...]) -> None:
    ended = export(listed, "--criteria", "plan-7/v2", *words)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("'adresse mel'" if words else "'adresse mel', 'plan'")
    assert "--carry" in ended.stderr
    assert "bob" not in ended.stderr


def test_a_column_to_carry_has_to_be_in_the_list(listed: Path) -> None:
    ended = export(listed, "--criteria", "plan-7/v2", "--carry", "plan", "--carry", "plans")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert (
        ended.stderr == "--carry: 'plans': the list has no such column that is not read; it has 'adresse mel', 'plan'\n"
    )


def test_a_column_that_names_people_is_judged_and_need_not_be_carried(listed: Path) -> None:
    ended = export(listed, "--criteria", "plan-7/v2", "--carry", "contact_id")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("--carry: 'contact_id': ")


@pytest.mark.parametrize(
    ("words", "regime"),
    [(("--carry", "plan", "--carry", "Adresse_Mel"), "eu"), ((), "us")],
)
def test_what_is_said_to_hold_no_address_goes_along_and_without_the_gate_all_does(
    listed: Path, words: tuple[str, ...], regime: str
) -> None:
    """The list is then judged, for which Redis would be needed."""
    ended = export(listed, "--criteria", "plan-7/v2", *words, regime=regime)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "--carry" not in ended.stderr
    assert "is REDIS_URL right and the server up?" in ended.stderr


ASK = '[[experiment]]\nid = "gotv-ask"\nvariants = { short = 45, control = 45, long = 10 }\nholdout = 0.1\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ask.toml"
    path.write_text(ASK)
    return path


def run(file: Path, given: str, *words: str, experiment: str = "gotv-ask") -> Result:
    return CliRunner().invoke(app, ["assign", experiment, "--definition", str(file), *words], input=given)


def test_a_list_is_assigned_without_a_server(file: Path) -> None:
    ended = run(file, "c-1\nc-4\nbad id\n")
    assert (ended.exit_code, ended.stdout) == (0, "contact_id,variant\nc-1,control\nc-4,short\nbad id,\n")
    assert "2 of 3 rows are in gotv-ask" in ended.stderr
    assert "40.50%" in ended.stderr
    assert "1 was not assigned: malformed_identifier" in ended.stderr


def test_a_definition_may_have_the_mark_that_windows_writes(file: Path) -> None:
    file.write_text(f"\ufeff{ASK}")
    assert run(file, "c-1\n").stdout == "contact_id,variant\nc-1,control\n"


def test_the_counts_are_there_for_programs(file: Path) -> None:
    counted = json.loads(run(file, "c-1\nc-4\nbad id\n", "--json").stderr)
    assert counted == {
        "experiment": "gotv-ask",
        "rows": 3,
        "variants": {"short": 1, "control": 1, "long": 0, "holdout": 0},
        "planned": {"short": 0.405, "control": 0.405, "long": 0.09, "holdout": 0.1},
        "excluded": 0,
        "not_assigned": {"malformed_identifier": 1},
        "emitted": 0,
    }


def test_a_key_that_redis_cannot_compare_is_told_where_the_variant_depends_on_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    told = "HARMONIA_IDENTITY_KEY was not compared with the workers'"
    ended = run(file, "email\nada@example.org\n")
    assert (ended.exit_code, told in ended.stderr) == (0, True)
    assert json.loads(run(file, "email\nada@example.org\n", "--json").stderr)["key_compared"] is False
    assert told not in run(file, "contact_id\nc-1\n").stderr
    file.write_text(DOOR)
    assert told not in run(file, "email,household,state\nada@example.org,h-1,NY\n", experiment="door").stderr


DOOR = """[[experiment]]
id = "door"
unit = "household"
variants = { walk = 1, call = 1 }
strata = { column = "state", splits.NY = { walk = 1 }, splits.NJ = { call = 1 } }
"""


def test_households_in_several_variants_are_told_of_once_by_their_number(file: Path) -> None:
    file.write_text(DOOR)
    text = "contact_id,household,state\nc-1,h-1,NY\nc-2,h-1,NJ\nc-3,h-2,NY\nc-4,h-2,NY\n"
    ended = run(file, text, experiment="door")
    assert (ended.exit_code, ended.stdout.count("\n")) == (0, 5)
    assert ended.stderr.splitlines()[-1] == (
        "1 of 2 households is in several variants, since its people are in several strata: "
        "give all of a household the same state"
    )
    assert json.loads(run(file, text, "--json", experiment="door").stderr)["parted"] == 1
    more = run(file, f"{text}c-5,h-2,NJ\n", experiment="door").stderr
    assert "2 of 2 households are in several variants, since their people" in more


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            "end = 2020-01-01T00:00:00Z",
            "now is not between its start (none) and its end (2020-01-01T00:00:00.000Z)",
        ),
        (
            "start = 9990-01-01T00:00:00Z",
            "now is not between its start (9990-01-01T00:00:00.000Z) and its end (none)",
        ),
        (
            'phase = "rollout"\nrollout_variant = "long"\nrollout_since = 2026-01-01T00:00:00Z',
            "it is rolled out, and nobody is counted who is assigned now",
        ),
    ],
)
def test_nobody_is_told_of_who_would_not_count(file: Path, more: str, told: str) -> None:
    file.write_text(f"{ASK}{more}\n")
    ended = run(file, "c-1\n", "--emit")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert told in ended.stderr


@pytest.mark.parametrize("text", ["", "contact_id\n", "contact_id,state\n\n \n"])
def test_emitting_a_list_without_rows_is_wrong_use(file: Path, text: str) -> None:
    ended = run(file, text, "--emit")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1


def test_in_a_rollout_everybody_gets_its_variant(file: Path) -> None:
    file.write_text(f'{ASK}phase = "rollout"\nrollout_variant = "long"\nrollout_since = 2026-01-01T00:00:00Z\n')
    assert run(file, "c-1\nc-4\n").stdout == "contact_id,variant\nc-1,long\nc-4,long\n"


def test_what_is_wrong_is_told_before_a_row_is_written(file: Path) -> None:
    unknown = run(file, "c-1\n", experiment="other")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert "other: no such definition" in unknown.stderr
    assert "gotv-ask" in unknown.stderr
    nobody = run(file, "first,last\nAda,L\n")
    assert (nobody.exit_code, nobody.stdout) == (2, "")
    assert "no column of the header names a person" in nobody.stderr
    file.write_text(f"{ASK}window = 7\n")
    broken = run(file, "c-1\n")
    assert (broken.exit_code, broken.stdout) == (1, "")
    assert "experiment[0].window: is 7; give a text in quotes" in broken.stderr
    assert run(file, "", "--source", "").exit_code == 2


CLOSED = orjson.dumps({"email": {"reason": "unsubscribed", "since": "2026-02-03T18:00:00Z", "source": "s", "id": "1"}})


class _Record(NamedTuple):
    key: bytes
    value: bytes | None


class _Consumer:
    def close(self) -> None:
        pass


BEFORE = {CONTACT_SUPPRESSIONS: [_Record(b"email:f", CLOSED)], CONTACT_LINKS: []}
AFTER = {
    CONTACT_SUPPRESSIONS: [_Record(b"email:f", None), _Record(b"crm.r", CLOSED)],
    CONTACT_LINKS: [_Record(b"email:f", orjson.dumps({"merged_into": "crm.r"}))],
}


def test_a_closed_person_is_found_though_two_contacts_are_merged_between_the_reading_of_two_topics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter((BEFORE, AFTER))

    def records_of(_: object, topic: str) -> Iterator[_Record]:
        return iter(next(moments)[topic])

    monkeypatch.setattr(KafkaClients, "tool_consumer", lambda _: _Consumer())
    monkeypatch.setattr("streams.platform.topic_reading.records_of", records_of)

    with closing(ClosingStore()) as store:
        _read(Settings(_env_file=None), "email", store, with_links=True)
        found = store.of(["email:f"], at=0)

    assert found is not None
    assert found.reason == "unsubscribed"


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
