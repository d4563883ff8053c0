"""How Kafka and Redis are reached in safety: what the settings refuse, and what clients are made with."""

import re
import ssl
from pathlib import Path
from typing import Any

import pytest
from faust.auth import SASLCredentials, SSLCredentials
from pydantic import ValidationError

from streams.engine.app import ChunkApp
from streams.platform.clients import KafkaClients, kafka_security_options, redis_client, tool_redis
from streams.platform.settings import Settings
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
