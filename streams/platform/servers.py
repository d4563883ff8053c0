"""The settings that say where Kafka and Redis are, and how they and this process know each other."""

import ipaddress
import re
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams.platform.credential_files import TlsFiles, read_secret_files, tls_context_of

_is_broker = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/]+)(:\d{1,5})?").fullmatch
_NONE = SecretStr("")
ENV_FILE = ".env"


class ServerSettings(BaseSettings):
    """The part of `Settings` about servers. Mistakes are errors before anything connects, and show no value."""

    model_config = SettingsConfigDict(
        env_prefix="HARMONIA_",
        env_file=ENV_FILE,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    kafka_bootstrap: str = Field(
        "127.0.0.1:9092",
        validation_alias="KAFKA_BOOTSTRAP",
        description="Kafka brokers, host:port, separated by commas",
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, as the listener of KAFKA_BOOTSTRAP is"
    )
    kafka_sasl_mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN; PLAIN needs TLS off loopback"
    )
    kafka_username: str = Field("", description="SASL user name of this process")
    kafka_password: SecretStr = Field(_NONE, description="Password of HARMONIA_KAFKA_USERNAME")
    kafka_password_file: Path | None = Field(None, description="File that holds HARMONIA_KAFKA_PASSWORD")
    kafka_ca: Path | None = Field(
        None, description="CA certificates (PEM) that Kafka's is checked against; none: the system's"
    )
    kafka_certificate: Path | None = Field(None, description="Certificate (PEM) of this process for mutual TLS")
    kafka_key: Path | None = Field(
        None, description="Private key (PEM) of HARMONIA_KAFKA_CERTIFICATE; none: in the same file"
    )
    kafka_key_password: SecretStr = Field(_NONE, description="Password of HARMONIA_KAFKA_KEY")
    kafka_key_password_file: Path | None = Field(None, description="File that holds HARMONIA_KAFKA_KEY_PASSWORD")
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        validation_alias="REDIS_URL",
        pattern="^(redis|rediss|unix)://",
        repr=False,  # a password may be in it
        description="Redis or Valkey, as a URL: redis://, or rediss:// with TLS; rediss://user@host names an ACL user",
    )
    redis_password: SecretStr = Field(_NONE, description="Password of the user in REDIS_URL, or of the default one")
    redis_password_file: Path | None = Field(None, description="File that holds HARMONIA_REDIS_PASSWORD")
    redis_ca: Path | None = Field(
        None, description="CA certificates (PEM) that a rediss:// server's is checked against; none: the system's"
    )
    redis_certificate: Path | None = Field(None, description="Certificate (PEM) of this process for mutual TLS")
    redis_key: Path | None = Field(
        None, description="Private key (PEM) of HARMONIA_REDIS_CERTIFICATE; none: in the same file"
    )
    redis_key_password: SecretStr = Field(_NONE, description="Password of HARMONIA_REDIS_KEY")
    redis_key_password_file: Path | None = Field(None, description="File that holds HARMONIA_REDIS_KEY_PASSWORD")

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        return read_secret_files(given, [name for name in cls.model_fields if f"{name}_file" in cls.model_fields])

    @model_validator(mode="after")
    def _check_servers(self) -> Self:
        if not self.kafka_brokers or not all(map(_is_broker, self.kafka_brokers)):
            raise ValueError("KAFKA_BOOTSTRAP must name a broker as host:port, several separated by commas")
        if not _is_url(self.redis_url):
            raise ValueError("REDIS_URL must be a URL such as redis://127.0.0.1:6379/0")
        self._check_sasl()
        self._check_tls(self.kafka_tls, self.kafka_speaks_tls, f"HARMONIA_KAFKA_SECURITY is {self.kafka_security}")
        self._check_tls(self.redis_tls, self.redis_speaks_tls, "REDIS_URL does not begin with rediss://")
        if self.redis_password.get_secret_value() and self.redis_url_holds_a_password:
            raise ValueError("HARMONIA_REDIS_PASSWORD is set, and REDIS_URL holds a password too: leave one")
        return self

    def _check_sasl(self) -> None:
        named = {"USERNAME": self.kafka_username, "PASSWORD": self.kafka_password.get_secret_value()}
        for name, value in named.items():
            if bool(value) != self.kafka_speaks_sasl:
                raise ValueError(
                    f"HARMONIA_KAFKA_{name} is {'set' if value else 'not set'}, "
                    f"and HARMONIA_KAFKA_SECURITY is {self.kafka_security}"
                )
        in_clear = self.kafka_speaks_sasl and self.kafka_sasl_mechanism == "PLAIN" and not self.kafka_speaks_tls
        if in_clear and not self.kafka_is_local:
            raise ValueError(
                "HARMONIA_KAFKA_SASL_MECHANISM is PLAIN, which shows the password to the network: "
                "set HARMONIA_KAFKA_SECURITY to SASL_SSL"
            )

    def _check_tls(self, files: TlsFiles, wanted: bool, otherwise: str) -> None:
        if wanted:
            tls_context_of(files)
        elif files.given:
            raise ValueError(f"{files.given} is set, and {otherwise}: nothing would be encrypted")

    @property
    def kafka_brokers(self) -> list[str]:
        """The brokers, host:port each."""
        return [broker.strip() for broker in self.kafka_bootstrap.split(",") if broker.strip()]

    @property
    def kafka_is_local(self) -> bool:
        """Whether every broker is on a loopback address."""
        return all(_is_loopback(broker) for broker in self.kafka_brokers)

    @property
    def redis_is_local(self) -> bool:
        """Whether Redis is on a loopback address or a socket of this machine."""
        host = urlsplit(self.redis_url).hostname
        return self.redis_url.startswith("unix:") or host is None or _is_loopback_host(host)

    @property
    def kafka_speaks_tls(self) -> bool:
        """Whether connections to Kafka are encrypted."""
        return self.kafka_security.endswith("SSL")

    @property
    def kafka_speaks_sasl(self) -> bool:
        """Whether this process names itself to Kafka by user and password."""
        return self.kafka_security.startswith("SASL")

    @property
    def kafka_tls(self) -> TlsFiles:
        """The files for connections to Kafka."""
        password = self.kafka_key_password.get_secret_value()
        return TlsFiles("HARMONIA_KAFKA", self.kafka_ca, self.kafka_certificate, self.kafka_key, password)

    @property
    def redis_speaks_tls(self) -> bool:
        """Whether connections to Redis are encrypted."""
        return self.redis_url.startswith("rediss:")

    @property
    def redis_tls(self) -> TlsFiles:
        """The files for connections to Redis."""
        password = self.redis_key_password.get_secret_value()
        return TlsFiles("HARMONIA_REDIS", self.redis_ca, self.redis_certificate, self.redis_key, password)

    @property
    def redis_url_holds_a_password(self) -> bool:
        """Whether the URL may be shown to nobody."""
        parts = urlsplit(self.redis_url)
        return bool(parts.password or "password" in parse_qs(parts.query))


def _is_url(text: str) -> bool:
    try:
        return urlsplit(text).port != 0
    except ValueError:  # its message has the text in it, and so perhaps a password
        return False


def _is_loopback(broker: str) -> bool:
    name, colon, _ = broker.rpartition(":")
    return _is_loopback_host(name if colon else broker)


def _is_loopback_host(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
