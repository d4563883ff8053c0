from pathlib import Path

import pytest
import typer
from kafka.errors import KafkaTimeoutError, SaslAuthenticationFailedError, TopicAuthorizationFailedError
from redis.exceptions import AuthenticationError, NoPermissionError
from redis.exceptions import ConnectionError as RedisAway

from sinks.base import SinkUnavailable
from streams.cli import lake
from streams.cli.failures import REFUSED, failing_plainly, load_settings
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
