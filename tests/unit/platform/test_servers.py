"""How Kafka and Redis are reached in safety: what settings refuse, and what clients are made with."""

import gc
import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest
from aiokafka import AIOKafkaProducer
from faust.auth import SASLCredentials, SSLCredentials
from kafka import KafkaAdminClient
from kafka.protocol.admin import DescribeGroupsResponse
from pydantic import ValidationError
from typer.testing import CliRunner

from streams.cli.main import app
from streams.engine.app import ChunkApp
from streams.platform import reachable_broker
from streams.platform.clients import METADATA_MAX_AGE_MS, KafkaClients, kafka_security_options, redis_client, tool_redis
from streams.platform.errors import KafkaAway
from streams.platform.settings import Settings
from streams.platform.stores import STORES, WITHOUT_PEOPLE
from streams.platform.tried_address import kafka_address_tried, redis_address_tried
from tests.unit.platform.certificates import Authority

SECRET = "s3cret-s3cret"
SCRAM = {"kafka_security": "SASL_SSL", "kafka_username": "worker", "kafka_password": SECRET}
SECRETS = ("identity_key", "api_tokens", "kafka_password", "kafka_key_password", "redis_password", "redis_key_password")


@pytest.fixture(autouse=True)
def _no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def refused(**given: Any) -> str:
    with pytest.raises(ValidationError) as error:
        Settings.model_validate(given)
    assert SECRET not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("field", SECRETS)
def test_a_secret_may_be_a_file(field: str, tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    certificate, key = authority.issue("worker", SECRET)
    more: dict[str, dict[str, Any]] = {
        "kafka_password": {"kafka_security": "SASL_SSL", "kafka_username": "worker"},
        "kafka_key_password": {"kafka_security": "SSL", "kafka_certificate": certificate, "kafka_key": key},
        "redis_key_password": {"redis_url": "rediss://", "redis_certificate": certificate, "redis_key": key},
    }

    settings = Settings.model_validate({f"{field}_file": tmp_path / "secret", **more.get(field, {})})

    assert getattr(settings, field).get_secret_value() == SECRET


@pytest.mark.parametrize("field", SECRETS)
def test_a_secret_that_is_given_twice_or_nowhere_is_named(field: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    name = f"HARMONIA_{field.upper()}"

    assert f"{name} and {name}_FILE are both set" in refused(**{field: SECRET, f"{field}_file": tmp_path / "empty"})
    assert f"{name}_FILE cannot be read: No such file" in refused(**{f"{field}_file": SECRET})
    assert f"{name}_FILE is empty" in refused(**{f"{field}_file": tmp_path / "empty"})
    assert f"{name}_FILE is not text" in refused(**{f"{field}_file": tmp_path / "bytes"})


def test_a_file_that_is_not_there_is_named_by_its_path_unless_that_may_be_the_secret(tmp_path: Path) -> None:
    [field, *_] = SECRETS
    missing = tmp_path / "secrets" / "key"
    assert f"cannot be read: No such file or directory: {missing}" in refused(**{f"{field}_file": missing})
    for secret in (SECRET, f"/{SECRET}/x", f"redis://:{SECRET}@h/0"):
        assert f"cannot be read: No such file or directory; it was looked for in {Path.cwd()}" in refused(
            **{f"{field}_file": secret}
        )


def test_files_of_secrets_are_named_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(SECRET)
    monkeypatch.setenv("HARMONIA_IDENTITY_KEY_FILE", str(tmp_path / "key"))

    assert Settings().identity_keys == [SECRET.encode()]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kafka_security": "SASL_SSL"}, "HARMONIA_KAFKA_USERNAME is not set, and HARMONIA_KAFKA_SECURITY is SASL_SSL"),
        (
            {"kafka_security": "SASL_SSL", "kafka_username": "worker"},
            "HARMONIA_KAFKA_PASSWORD is not set, and HARMONIA_KAFKA_SECURITY is SASL_SSL",
        ),
        ({"kafka_username": "worker"}, "HARMONIA_KAFKA_USERNAME is set, and HARMONIA_KAFKA_SECURITY is PLAINTEXT"),
        ({"kafka_password": SECRET}, "HARMONIA_KAFKA_PASSWORD is set, and HARMONIA_KAFKA_SECURITY is PLAINTEXT"),
        (
            {
                **SCRAM,
                "kafka_security": "SASL_PLAINTEXT",
                "kafka_sasl_mechanism": "PLAIN",
                "kafka_bootstrap": "k:1",
                "identity_key": SECRET,
            },
            "HARMONIA_KAFKA_SASL_MECHANISM is PLAIN, which shows the password",
        ),
        ({"kafka_security": "SSL", "kafka_ca": "none.pem"}, "HARMONIA_KAFKA_CA cannot be read: No such file"),
        ({"kafka_ca": "none.pem"}, "HARMONIA_KAFKA_CA is set, and HARMONIA_KAFKA_SECURITY"),
        ({"redis_ca": "none.pem"}, "HARMONIA_REDIS_CA is set, and REDIS_URL does not begin"),
        ({"redis_url": "rediss://h", "redis_key": __file__}, "HARMONIA_REDIS_KEY is set, and HARMONIA_REDIS_CERTIF"),
        ({"redis_url": "rediss://h", "redis_key_password": SECRET}, "HARMONIA_REDIS_KEY_PASSWORD is set, and"),
        ({"redis_url": f"redis://a:{SECRET}@h", "redis_password": SECRET}, "HARMONIA_REDIS_PASSWORD is set, and"),
        ({"redis_url": f"unix:///s?password={SECRET}", "redis_password": SECRET}, "REDIS_URL holds a password too"),
        ({"redis_url": f"redis://a:{SECRET}@h:port"}, "REDIS_URL must be a URL"),
    ],
)
def test_what_does_not_fit_together_is_named_at_once(given: dict[str, Any], said: str) -> None:
    assert said in refused(**given)


@pytest.mark.parametrize("server", ["kafka", "redis"])
def test_wrong_certificates_are_named_at_once(server: str, authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("worker")
    _, other_key = authority.issue("other")
    locked_certificate, locked = authority.issue("locked", SECRET)
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("garbage")
    tls = {"kafka_security": "SSL", "redis_url": "rediss://h"}
    name = f"HARMONIA_{server.upper()}"

    def said(**files: object) -> str:
        return refused(**tls, **{f"{server}_{what}": value for what, value in files.items()})

    assert f"{name}_CA holds no certificate" in said(ca=garbage)
    assert f"{name}_KEY does not belong to {name}_CERTIFICATE" in said(certificate=certificate, key=other_key)
    assert f"{name}_KEY cannot be read: Is a directory" in said(certificate=certificate, key=tmp_path)
    assert f"{name}_CERTIFICATE and {name}_KEY hold no" in said(certificate=garbage, key=key)
    assert f"that {name}_KEY_PASSWORD opens" in said(certificate=locked_certificate, key=locked, key_password="wrong")
    assert f"that {name}_KEY_PASSWORD opens" in said(certificate=locked_certificate, key=locked)


def test_both_kafka_libraries_and_faust_are_told_the_same(authority: Authority) -> None:
    settings = Settings.model_validate({**SCRAM, "kafka_ca": authority.file})
    said = kafka_security_options(settings)

    assert (said["security_protocol"], said["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (said["sasl_plain_username"], said["sasl_plain_password"]) == ("worker", SECRET)
    assert (said["ssl_context"].verify_mode, said["ssl_context"].check_hostname) == (ssl.CERT_REQUIRED, True)
    credentials = app_of(settings).conf.broker_credentials
    assert isinstance(credentials, SASLCredentials)
    assert (credentials.protocol.value, credentials.username, credentials.password) == ("SASL_SSL", "worker", SECRET)


def test_a_certificate_may_be_all_that_this_process_shows(authority: Authority) -> None:
    certificate, key = authority.issue("worker")
    settings = Settings(kafka_security="SSL", kafka_certificate=certificate, kafka_key=key)

    assert "sasl_mechanism" not in kafka_security_options(settings)
    assert isinstance(app_of(settings).conf.broker_credentials, SSLCredentials)


def test_without_security_settings_kafka_is_spoken_to_in_plaintext() -> None:
    assert kafka_security_options(Settings()) == {"security_protocol": "PLAINTEXT"}
    assert app_of(Settings()).conf.broker_credentials is None


def test_redis_is_told_the_user_of_the_url_and_the_password_of_the_setting(authority: Authority) -> None:
    certificate, key = authority.issue("worker")
    settings = Settings.model_validate(
        {
            "redis_url": "rediss://worker@127.0.0.1:7/0",
            "redis_password": SECRET,
            "redis_ca": authority.file,
            "redis_certificate": certificate,
            "redis_key": key,
        }
    )
    for client in (redis_client(settings), tool_redis(settings)):
        told = client.connection_pool.connection_kwargs
        assert (told["username"], told["password"]) == ("worker", SECRET)
        assert (told["ssl_ca_certs"], told["ssl_certfile"]) == (str(authority.file), str(certificate))
        assert SECRET not in repr(client)


def test_no_secret_is_in_what_settings_say_of_themselves(authority: Authority) -> None:
    certificate, key = authority.issue("worker", SECRET)
    given: dict[str, Any] = {
        **SCRAM,
        "kafka_certificate": certificate,
        "kafka_key": key,
        "kafka_key_password": SECRET,
        "redis_url": f"redis://worker:{SECRET}@127.0.0.1/0",
        "identity_key": SECRET,
        "api_tokens": f"digital:read:{SECRET}",
    }
    settings = Settings.model_validate(given)

    assert SECRET not in f"{settings!r} {settings} {settings.kafka_tls!r}"
    assert not re.search(SECRET, refused(**given, partitions=0))


def app_of(settings: Settings) -> ChunkApp:
    return ChunkApp(settings, KafkaClients(settings), lambda _: None)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_default_address_is_told_as_one_that_nothing_sets(tmp_path: Path) -> None:
    assert kafka_address_tried(Settings()) == (
        f"tried 127.0.0.1:9092, the default: KAFKA_BOOTSTRAP is not set, and there is no .env in {tmp_path}"
    )
    (tmp_path / ".env").write_text("REDIS_URL=redis://127.0.0.1:7000/0\n")
    assert kafka_address_tried(Settings()) == (
        "tried 127.0.0.1:9092, the default: KAFKA_BOOTSTRAP is not set, in .env neither"
    )


def test_an_address_is_told_with_what_names_it_and_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("REDIS_URL=redis://user:s3cret@127.0.0.1:7000/0\n")
    assert redis_address_tried(Settings()) == "tried 127.0.0.1:7000, as REDIS_URL says (in the file .env)"
    monkeypatch.setenv("REDIS_URL", "unix:///run/redis.sock")
    assert redis_address_tried(Settings()) == "tried /run/redis.sock, as REDIS_URL says"


def test_taking_down_what_is_not_here_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    down = CliRunner().invoke(app, ["local", "down"])

    assert down.exit_code == 0
    assert f"there is no {tmp_path / '.harmonia'}, and there is no .env in {tmp_path}" in down.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("permit", "check", "ada@example.org", "--channel", "email"),
        ("permit", "--channel", "email", "--purpose", "fundraising"),
        ("experiments", "list"),
        ("contact", "show", "ada@example.org"),
        ("contact", "suppress", "ada@example.org"),
        ("reservations", "list", "ada@example.org"),
    ],
)
def test_every_command_that_finds_no_redis_says_where_it_looked(
    tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")

    ended = CliRunner().invoke(app, [*command], input="email\nada@example.org\n")

    assert ended.exit_code == 1
    assert "is REDIS_URL right and the server up? Tried 127.0.0.1:1, as REDIS_URL says" in ended.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("alerts", "list"),
        ("assign", "subject-gotv-3"),
        ("backup", "kept"),
        ("campaigns", "list"),
        ("dead-letters", "group"),
        ("dead-letters", "list"),
        ("dead-letters", "release", "--list"),
        ("dead-letters", "requeue", "--all"),
        ("experiments", "definitions"),
        ("experiments", "withdraw", "subject-gotv-3"),
        ("hold", "--campaign", "gotv-3"),
        ("hold", "--list"),
        ("insights", "net"),
        ("report", "daily"),
        ("topics", "create"),
        ("topics", "describe"),
    ],
)
def test_every_command_that_finds_no_kafka_says_where_it_looked_and_blames_nothing_else(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setattr(reachable_broker, "REACHED_WITHIN_S", 0.0)

    ended = CliRunner().invoke(app, [*command], input="email\nada@example.org\n")

    assert ended.exit_code == 1
    assert ended.stderr == (
        "Kafka: ConnectionRefusedError; is KAFKA_BOOTSTRAP right and the broker up? Tried 127.0.0.1:1, as "
        "KAFKA_BOOTSTRAP says\n"
    )


# What the clients are made with, where a test with a healthy broker would not tell the difference.
SETTINGS = Settings(kafka_bootstrap="127.0.0.1:1", redis_url="redis://127.0.0.1:1/0", transaction_timeout_s=3)
KAFKA = KafkaClients(SETTINGS)


@pytest.fixture(params=["idempotent", "transactional"])
async def producer(request: pytest.FixtureRequest) -> AsyncIterator[AIOKafkaProducer]:
    made = KAFKA.idempotent_producer() if request.param == "idempotent" else KAFKA.transactional_producer("an id")
    yield made
    await made.stop()
    gc.collect()


async def test_producers_wait_for_all_replicas_and_repeat_nothing(producer: AIOKafkaProducer) -> None:
    assert producer._sender._acks == -1
    assert producer._txn_manager is not None


async def test_the_broker_ends_an_open_transaction_after_the_time_of_the_settings() -> None:
    producer = KAFKA.transactional_producer("an id")

    assert producer._txn_manager.transactional_id == "an id"
    assert producer._txn_manager.transaction_timeout_ms == 3_000
    await producer.stop()


async def test_a_member_of_a_group_soon_asks_again_what_topics_there_are() -> None:
    """One that was frozen while it began knew none for five minutes, and as the leader gave nobody a partition."""
    member = KAFKA.group_consumer(group_id="g")
    assert member._client._metadata_max_age_ms == METADATA_MAX_AGE_MS
    await member.stop()


async def test_a_reader_goes_on_at_the_start_where_an_offset_is_gone_unless_it_must_have_it() -> None:
    readers = [KAFKA.reader(), KAFKA.reader(must_have=True)]
    assert [reader._auto_offset_reset for reader in readers] == ["earliest", "none"]
    for reader in readers:
        await reader.stop()


async def test_readers_belong_to_no_group_and_see_committed_records_only() -> None:
    reader = KAFKA.reader()

    assert (reader._group_id, reader._isolation_level, reader._enable_auto_commit) == (None, "read_committed", False)
    await reader.stop()


async def test_redis_never_keeps_a_worker_waiting_without_a_limit() -> None:
    for client in (redis_client(SETTINGS), tool_redis(SETTINGS)):
        limits = client.connection_pool.connection_kwargs
        assert 0 < limits["socket_timeout"] <= 5
        assert 0 < limits["socket_connect_timeout"] <= 5


class Describing:
    """An admin client whose broker describes a group so."""

    def __init__(self, error_code: int, *members: str) -> None:
        admin = KafkaAdminClient.__new__(KafkaAdminClient)
        members_ = [DescribeGroupsResponse.DescribedGroup.DescribedGroupMember(member_id=one) for one in members]
        group = DescribeGroupsResponse.DescribedGroup(group_id="g", error_code=error_code, members=members_)
        self._described: dict[str, dict[str, object]] = admin._describe_groups_process_response(
            DescribeGroupsResponse(groups=[group])
        )

    def describe_groups(self, _: list[str]) -> dict[str, dict[str, object]]:
        return self._described

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("code", [14, 15, 16, 30, 32_000])
def test_members_of_whom_the_coordinator_does_not_know_now_are_not_called_gone(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """kafka-python does not raise the error of a group."""
    monkeypatch.setattr(KafkaClients, "admin", lambda _: Describing(code))

    with pytest.raises(KafkaAway):
        KAFKA.member_ids_of("g")


def test_of_an_unknown_group_there_are_no_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KafkaClients, "admin", lambda _: Describing(69))

    assert KAFKA.member_ids_of("g") == set()
    assert KAFKA.members_of("g") == 0


def test_a_group_that_is_loading_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([Describing(14), Describing(16), Describing(0, "a")])
    admin = Describing(0)
    monkeypatch.setattr(admin, "describe_groups", lambda groups: next(answers).describe_groups(groups))
    monkeypatch.setattr(KafkaClients, "admin", lambda _: admin)

    assert KAFKA.members_of("g") == 1


@pytest.mark.parametrize(
    ("session_s", "request_ms", "fetch_ms"), [(6, 3_600, 1_800), (10, 6_000, 3_000), (300, 20_000, 5_000)]
)
async def test_a_request_takes_less_than_a_session_and_never_longer_than_twenty_seconds(
    session_s: float, request_ms: int, fetch_ms: int
) -> None:
    kafka = KafkaClients(SETTINGS.model_copy(update={"session_timeout_s": session_s, "fetch_wait_ms": 5_000}))
    reader = kafka.reader()
    assert (reader._client._request_timeout_ms, reader._fetch_max_wait_ms) == (request_ms, fetch_ms)
    await reader.stop()


# The list of stores holds every place that a setting names, so that none is left out of the register.
OF_STORES = {name for store in STORES for name in store.settings}
NOT_PATHS = {"lake", "postgres", "redis_url"}
"""Places that are no paths; the broker's are in the list of topics."""


def _is_place(name: str) -> bool:
    if name.startswith(("kafka_", "redis_")) or f"{name}".endswith("_file"):
        return False  # certificates, and files that hold a secret
    annotation = Settings.model_fields[name].annotation
    return Path in (annotation, *get_args(annotation)) or "Path" in str(annotation)


def test_each_setting_that_names_a_place_is_of_a_store_or_of_a_file_with_nobody_in_it() -> None:
    places = {name for name in Settings.model_fields if _is_place(name)} | NOT_PATHS
    assert places >= {"state_dir", "desk", "home", "console_people"}
    assert places == OF_STORES | WITHOUT_PEOPLE
    assert set() == OF_STORES & WITHOUT_PEOPLE


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.place)
def test_only_what_is_not_configured_is_out_of_use(store: object, tmp_path: Path) -> None:
    [found] = [one for one in STORES if one is store]
    bare = Settings(_env_file=None)
    expected = "unknown" if not found.settings else "no" if found.is_optional else "yes"
    assert found.use(bare) == expected
    given = {name: "postgresql://db.example.org/bi" if name == "postgres" else str(tmp_path) for name in found.settings}
    if found.is_optional:
        assert found.use(Settings(_env_file=None, **given)) == "yes"  # type: ignore[arg-type]
