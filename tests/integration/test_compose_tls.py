"""The profile `tls` of docker-compose.yml: servers let in who shows the password inside TLS, and nobody else."""

import hashlib
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from tests.integration.compose_tls import make_certificates, running_kafka, running_redis


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis"), certificates) as address:
        yield address


def test_the_broker_knows_its_user_by_the_password(certificates: Path, tmp_path: Path) -> None:
    said = {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "harmonia",
        "ssl_context": ssl.create_default_context(cafile=certificates / "harmonia/ca.pem"),
        "bootstrap_timeout_ms": 20_000,
    }
    with running_kafka(tmp_path / "kafka", certificates) as address:
        password = (certificates / "harmonia/kafka-password").read_text()
        admin = KafkaAdminClient(bootstrap_servers=address, sasl_plain_password=password, **said)
        assert len(admin.describe_cluster()["brokers"]) == 1
        admin.close()
        with pytest.raises(KafkaError):
            KafkaAdminClient(
                bootstrap_servers=address, sasl_plain_password="wrong", **{**said, "bootstrap_timeout_ms": 1000}
            )


def test_redis_lets_its_user_do_what_harmonia_does_and_no_more(certificates: Path, redis: str) -> None:
    password = (certificates / "harmonia/redis-password").read_text()
    with Redis.from_url(f"redis://harmonia:{password}@{redis}/0") as known:
        assert known.hset("contact:1", "state", "{}") == 1
        assert known.eval("return redis.call('HGET', KEYS[1], 'state')", 1, "contact:1") == b"{}"
        assert known.info("memory")
        assert known.time()
        assert known.scan(0, "contact:*")
        with pytest.raises(NoPermissionError):
            known.config_set("save", "")
        with pytest.raises(NoPermissionError):
            known.flushall()
    with Redis.from_url(f"redis://harmonia:wrong@{redis}/0") as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    with Redis.from_url(f"redis://{redis}/0") as nobody, pytest.raises(AuthenticationError):
        nobody.ping()


@pytest.mark.parametrize("name", ["redis-tls", "localhost"])
def test_the_certificate_of_redis_is_known_by_the_authoritys(certificates: Path, name: str) -> None:
    """A handshake without a network."""
    here = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    here.load_cert_chain(certificates / "redis/certificate.pem", certificates / "redis/key.pem")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cafile=certificates / "harmonia/ca.pem").wrap_bio(
        to_client, to_server, server_hostname=name
    )
    server = here.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()

    assert client.version() == "TLSv1.3"


def test_what_is_made_once_stays(certificates: Path) -> None:
    """A second start must not lock out those who have the first passwords."""
    before = {path: path.read_bytes() for path in certificates.rglob("*") if path.is_file()}
    assert make_certificates(certificates.parent) == certificates
    assert {path: path.read_bytes() for path in certificates.rglob("*") if path.is_file()} == before


def test_secrets_are_for_their_owner_and_the_apis_token_is_hashed(certificates: Path) -> None:
    assert [path for path in certificates.rglob("*") if path.is_file() and path.stat().st_mode & 0o077] == []
    token = (certificates / "harmonia/api-token").read_bytes()
    assert (certificates / "harmonia/api-tokens").read_text().endswith(f":{hashlib.sha256(token).hexdigest()}")
