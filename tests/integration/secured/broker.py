"""A Kafka that lets nobody in who does not say who he is, and lets those do what the shipped list says and no more."""

import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType

from streams.local.kafka import Node, new_cluster_id, properties
from streams.local.kafka_runtime import class_path, find_java
from streams.local.server import HOST, Server, choose_ports, launch, stop
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from tests.unit.platform.certificates import Authority

LIST = Path(__file__).parents[3] / "deploy" / "acl" / "kafka.acl"
_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule"
BROKER, ADMIN = "broker", "admin"
"""Who may do all: the broker by its certificate, the test by a password."""


@dataclass(frozen=True, slots=True)
class SecuredKafka:
    """`scram`, `mutual`: addresses of the listener for passwords over TLS, and of that for certificates."""

    scram: str
    mutual: str
    authority: Authority
    passwords: Mapping[str, str]

    def by_password(self, user: str) -> dict[str, str]:
        """The settings of somebody who shows a password."""
        return {
            "KAFKA_BOOTSTRAP": self.scram,
            "HARMONIA_KAFKA_SECURITY": "SASL_SSL",
            "HARMONIA_KAFKA_USERNAME": user,
            "HARMONIA_KAFKA_PASSWORD": self.passwords[user],
            "HARMONIA_KAFKA_CA": str(self.authority.file),
        }

    def by_certificate(self, user: str) -> dict[str, str]:
        """The settings of somebody who shows a certificate."""
        certificate, key = self.authority.issue(user)
        return {
            "KAFKA_BOOTSTRAP": self.mutual,
            "HARMONIA_KAFKA_SECURITY": "SSL",
            "HARMONIA_KAFKA_CA": str(self.authority.file),
            "HARMONIA_KAFKA_CERTIFICATE": str(certificate),
            "HARMONIA_KAFKA_KEY": str(key),
        }


@contextmanager
def secured_kafka(folder: Path, authority: Authority, passwords: Mapping[str, str]) -> Iterator[SecuredKafka]:
    """The broker for the length of a block; what is listed in `deploy/acl/kafka.acl` is allowed, nothing else."""
    everybody = {**passwords, ADMIN: "admin-of-the-test"}
    server = _start(folder, authority, everybody)
    try:
        kafka = SecuredKafka(server.address, f"{HOST}:{server.ports[1]}", authority, everybody)
        admin = KafkaClients(settings_of(kafka.by_password(ADMIN))).admin()
        _allow(admin)
        admin.close()
        yield kafka
    finally:
        stop([folder])


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings that an environment makes."""
    names = {
        str(info.validation_alias or f"HARMONIA_{name.upper()}"): name for name, info in Settings.model_fields.items()
    }
    return Settings.model_validate({names[name]: value for name, value in environment.items()})


def listed() -> list[tuple[str, str, str, str, str]]:
    """Who, operation, kind of resource, its name, pattern: each line of the list, one operation each."""
    rows = [line.split() for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    return [(who, one, kind, name, pattern) for who, what, kind, name, pattern in rows for one in what.split(",")]


def _allow(admin: KafkaAdminClient) -> None:
    outcome = admin.create_acls(
        [
            ACL(
                f"User:{who}",
                "*",
                ACLOperation[operation.upper()],
                ACLPermissionType.ALLOW,
                ResourcePattern(
                    ResourceType[kind.upper().replace("-", "_")], name, ACLResourcePatternType[pattern.upper()]
                ),
            )
            for who, operation, kind, name, pattern in listed()
        ]
    )
    assert outcome["failed"] == []


def _start(folder: Path, authority: Authority, passwords: Mapping[str, str]) -> Server:
    folder.mkdir()
    scram, mutual, controller = choose_ports(0, 0, 0)
    node = Node(1, scram, controller)
    config = {**_listeners(scram, mutual, controller), **_certificates(folder, authority), **_authorizer()}
    lines = [f"{name}={value}\n" for name, value in config.items()]
    (folder / "server.properties").write_text(properties(node, [node]) + "".join(lines))
    java = [find_java(), "-cp", ":".join(map(str, class_path(lambda _: None)))]
    users = [word for user in passwords.items() for word in ("-S", _scram(*user))]
    _run(
        [*java, "kafka.tools.StorageTool", "format", "-t", new_cluster_id(), "-c", "server.properties", *users], folder
    )
    options = ["-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", f"-Djava.io.tmpdir={folder}"]
    return launch(
        folder, [*java, *options, "kafka.Kafka", "server.properties"], (scram, mutual, controller), _client_hello()
    )


def _listeners(scram: int, mutual: int, controller: int) -> dict[str, str]:
    outside = f"SASL_SSL://{HOST}:{scram},SSL://{HOST}:{mutual}"
    return {
        "listeners": f"{outside},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": outside,
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:SSL",
        "inter.broker.listener.name": "SSL",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": f"{_LOGIN} required;",
    }


def _certificates(folder: Path, authority: Authority) -> dict[str, str]:
    certificate, key = authority.issue(BROKER)
    both = folder / "broker.pem"
    both.write_text(key.read_text() + certificate.read_text())
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
        "listener.name.ssl.ssl.client.auth": "required",
        "listener.name.controller.ssl.client.auth": "required",
        "ssl.principal.mapping.rules": r"RULE:^.*CN=([^,]+).*$/$1/",
    }


def _authorizer() -> dict[str, str]:
    return {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{BROKER};User:{ADMIN}",
    }


def _scram(name: str, password: str) -> str:
    return f'SCRAM-SHA-512=[name="{name}",password="{password}"]'


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _client_hello() -> bytes:
    """What a TLS server answers to, so that its being up can be seen."""
    outgoing = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake needs an answer")
