"""What a command says when it refuses."""

import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from kafka.errors import KafkaTimeoutError, SaslAuthenticationFailedError, TopicAuthorizationFailedError
from redis.exceptions import AuthenticationError, NoPermissionError
from redis.exceptions import ConnectionError as RedisAway
from typer.testing import CliRunner

from sinks.base import SinkUnavailable
from streams.cli import lake
from streams.cli.campaigns import unknown_campaign
from streams.cli.failures import REFUSED, failing_plainly, load_settings
from streams.cli.main import app
from streams.cli.permit import unfinished_message
from streams.cli.permit_check import team_remark, unheard_team_remark
from streams.cli.whole_words import table_lines, whole_seconds
from streams.local.errors import LocalStackError
from streams.platform.errors import (
    EngineError,
    Fenced,
    HiddenTopic,
    KafkaAway,
    MissingTopic,
    NotOwned,
    PartitionsMismatch,
    StateLost,
)

SECRET = "S3CRET-VALUE"
AWAY = (
    "is KAFKA_BOOTSTRAP right, the broker up, HARMONIA_KAFKA_SECURITY that of its listener, and this process, by "
    "password or certificate, one that it lets in?"
)
TRIED = "the default: {} is not set, and there is no .env in"
REDIS_AWAY = "is REDIS_URL right and the server up?"
FORBIDDEN = "this user may not do that: see deploy/acl"


@pytest.fixture(autouse=True)
def _no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HARMONIA_PARTITIONS", "none")
    monkeypatch.setenv("HARMONIA_REPLICATION", "none")

    with pytest.raises(typer.Exit):
        load_settings()

    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        "HARMONIA_PARTITIONS",
        "HARMONIA_REPLICATION",
    ]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            KafkaTimeoutError(),
            f"Kafka: KafkaTimeoutError; {AWAY} Tried 127.0.0.1:9092, {TRIED.format('KAFKA_BOOTSTRAP')} {{here}}\n",
        ),
        (
            SaslAuthenticationFailedError("worker s3cret"),
            "Kafka: SaslAuthenticationFailedError; are HARMONIA_KAFKA_USERNAME, _PASSWORD and _SASL_MECHANISM right?\n",
        ),
        (
            TopicAuthorizationFailedError({"interactions"}),
            f"Kafka: TopicAuthorizationFailedError; {FORBIDDEN}\n",
        ),
        (
            TopicAuthorizationFailedError("interactions"),
            "Kafka: TopicAuthorizationFailedError; this user may not see the topic interactions: see deploy/acl\n",
        ),
        (
            AuthenticationError("WRONGPASS s3cret"),
            "Redis: AuthenticationError; are the user of REDIS_URL and HARMONIA_REDIS_PASSWORD right?\n",
        ),
        (
            NoPermissionError("User api has no permissions"),
            f"Redis: NoPermissionError; {FORBIDDEN}\n",
        ),
        (
            RedisAway("redis://user:pw@host"),
            f"Redis: ConnectionError; {REDIS_AWAY} Tried 127.0.0.1:6379, {TRIED.format('REDIS_URL')} {{here}}\n",
        ),
        (
            SinkUnavailable("redis: ConnectionError", 1),
            f"redis: ConnectionError; {REDIS_AWAY} Tried 127.0.0.1:6379, {TRIED.format('REDIS_URL')} {{here}}\n",
        ),
        (MissingTopic("run `harmonia topics create`"), "run `harmonia topics create`\n"),
        (LocalStackError("the local stack is not up"), "the local stack is not up\n"),
    ],
)
def test_what_is_away_ends_a_command_with_a_line_that_names_the_cure(
    error: Exception, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, failing_plainly():
        raise error

    assert (ended.value.exit_code, capsys.readouterr().err) == (REFUSED, said.replace("{here}", str(Path.cwd())))


def test_a_question_that_kafka_did_not_answer_is_told_as_the_error_behind_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:19092")

    with pytest.raises(typer.Exit), failing_plainly():
        raise KafkaAway("asking for the topic interactions") from KafkaTimeoutError()

    said = capsys.readouterr().err
    assert said == f"Kafka: KafkaTimeoutError; {AWAY} Tried 127.0.0.1:19092, as KAFKA_BOOTSTRAP says\n"


def test_a_kafka_that_is_away_is_not_told_as_a_lake_that_cannot_be_reached(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit), lake._failing_plainly():
        raise KafkaAway("asking for the topic interactions") from KafkaTimeoutError()

    assert capsys.readouterr().err.startswith("Kafka: KafkaTimeoutError; is KAFKA_BOOTSTRAP right")


@pytest.mark.parametrize("error", [Fenced, StateLost, PartitionsMismatch, MissingTopic, HiddenTopic, NotOwned])
def test_whatever_stops_the_engine_ends_a_command_plainly(error: type[EngineError]) -> None:
    with pytest.raises(typer.Exit), failing_plainly():
        raise error("why")


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(KeyError), failing_plainly():
        raise KeyError


NOWHERE = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "REDIS_URL": "redis://127.0.0.1:1/0"}
OF_A_LIBRARY = ("Value error", "Input should", "Traceback")
WORD = "SECRET"


class Refusal(NamedTuple):
    code: int
    call: str
    said: str


def refusals() -> list[Refusal]:
    lines = Path(__file__).with_name("refusals.txt").read_text().splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [Refusal(int(code), call, said) for code, call, said in rows]


@pytest.mark.parametrize("one", refusals(), ids=lambda one: one.call)
def test_refused_command_names_the_cure_repeats_no_secret_and_asks_no_server(
    one: Refusal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call, _, given = one.call.replace("{tmp}", str(tmp_path)).replace("{long}", "x" * 257).partition(" < ")
    words, environment = shlex.split(call), NOWHERE | {"HARMONIA_HOME": str(tmp_path / "home")}
    while "=" in words[0]:
        name, _, environment[name] = words.pop(0).partition("=")
    ended = CliRunner().invoke(app, words, env=environment, input=given.strip('"').encode().decode("unicode_escape"))
    said = " ".join(ended.stderr.replace("│", " ").split())
    assert (ended.exit_code, ended.stdout) == (one.code, ""), said
    assert one.said.replace("{tmp}", str(tmp_path)) in said
    assert [word for word in (*OF_A_LIBRARY, WORD) if word in said] == []
    assert "Tried 127.0.0.1:1" not in said
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("allowed", "counts"), [(1, "1 row had"), (2_000, "2,000 rows had")])
def test_list_that_was_not_judged_to_its_end_says_how_much_was_written(allowed: int, counts: str) -> None:
    said = unfinished_message("Redis was emptied.", allowed, 3_000)
    assert said.startswith(f"Redis was emptied. {counts} been written as allowed, of 3,000 judged: throw away")


def test_a_team_that_nothing_names_is_remarked_where_teams_are_named() -> None:
    assert team_remark("digitl", {"digital", "field"}) == (
        "--team: digitl is in no file of teams, policy or token; did you mean digital?"
    )
    assert team_remark("finance", {"digital"}) == "--team: finance is in no file of teams, policy or token"
    assert team_remark("digital", {"digital"}) is None
    assert team_remark("digitl", set()) is None
    assert team_remark("", {"digital"}) is None


def test_where_no_file_names_teams_one_that_is_spelled_like_a_team_heard_of_is_remarked() -> None:
    assert unheard_team_remark("digitl", {"digital", "field"}) == (
        "--team: nothing was heard of digitl of late, and of digital there was: is that the one?"
    )
    assert unheard_team_remark("digital", {"digital", "digitl"}) is None
    assert unheard_team_remark("finance", {"digital"}) is None
    assert unheard_team_remark("digitl", set()) is None


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (["gotv-by-name", "rsvp"], "no campaign gotv-by-nam has been heard of. Did you mean gotv-by-name? Nothing was"),
        (["rsvp"], "no campaign gotv-by-nam has been heard of. Nothing was changed: mend the name, or --anyway"),
        (["gotv-by-nam@example.org"], "no campaign gotv-by-nam has been heard of. Nothing was changed"),
        ([], "no campaign has been heard of yet, so nobody can tell whether gotv-by-nam is spelled right"),
    ],
)
def test_an_unknown_campaign_is_told_with_a_known_one_that_is_spelled_like_it(known: list[str], said: str) -> None:
    assert (unknown_campaign("gotv-by-nam", known) or "").startswith(said)


def test_nothing_is_said_of_a_known_campaign() -> None:
    assert unknown_campaign("rsvp", ["gotv-by-name", "rsvp"]) is None


COLUMNS = "at", "fate", "status", "attempt", "record", "trouble"
ROWS = [
    ("2026-11-29T06:03:12Z", "waiting", "", "3", "contact-suppressions/1@1234567", "ClientConnectorCertificateError"),
    ("2026-11-29T06:04:12Z", "delivered", "204", "4", "segment-changes/0@12", ""),
]


@pytest.mark.parametrize("room", [30, 60, 80, 200])
def test_no_word_is_broken_and_none_is_lost(room: int) -> None:
    lines = [*table_lines(COLUMNS, ROWS, (2, 3), room)]
    words = " ".join(lines).replace(":  ", " ").split()
    assert {cell for row in ROWS for cell in row if cell} <= {*words}
    if room >= 60:
        assert max(map(len, lines)) <= room


def test_a_time_is_in_whole_seconds() -> None:
    assert whole_seconds(1_329_904_800_999) == "2012-02-22T10:00:00Z"
