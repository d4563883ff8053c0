"""Every setting of Harmonia, read from the environment and from a file `.env`.

A setting is named by its environment variable: `HARMONIA_` and the field's name in capitals, besides
`KAFKA_BOOTSTRAP` and `REDIS_URL`. The README's table is made of the descriptions here; a test holds the two together.
"""

import ipaddress
import re
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from events.identifiers import Hasher

LOCAL_IDENTITY_KEY = "harmonia-local-only"
_is_broker = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/]+)(:\d{1,5})?").fullmatch


class Settings(BaseSettings):
    """Settings of one process. Raises `pydantic.ValidationError` that names the variable and the cure."""

    model_config = SettingsConfigDict(
        env_prefix="HARMONIA_", env_file=".env", extra="ignore", frozen=True, populate_by_name=True
    )

    kafka_bootstrap: str = Field(
        "127.0.0.1:9092",
        validation_alias="KAFKA_BOOTSTRAP",
        description="Kafka brokers, host:port, separated by commas",
    )
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        validation_alias="REDIS_URL",
        pattern="^(redis|rediss|unix)://",
        description="Redis or Valkey, as a redis:// URL",
    )
    identity_key: SecretStr = Field(
        SecretStr(LOCAL_IDENTITY_KEY),
        description="Key of the identifier hash; several separated by commas, the first writes. "
        "Must be set where Kafka is not on loopback",
    )
    phone_region: str = Field("US", pattern="^[A-Z]{2}$", description="Country of phone numbers written without one")
    gmail_aliases: bool = Field(
        False,
        description="Whether dots and +tags of gmail.com addresses make no difference. Changed later, it splits people",
    )
    identity_crowd: int = Field(
        50,
        ge=2,
        le=1000,
        description="Contacts that may share an identifier; one that more of them carry links nobody. "
        "A change takes a rebuild",
    )
    app_id: str = Field(
        "harmonia",
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="Consumer group, and first part of the changelog's name",
    )
    policy: Path | None = Field(
        None, description="File of the policy; none: the one that comes with Harmonia. A change needs no restart"
    )
    api_tokens: SecretStr = Field(
        SecretStr(""),
        description="Who may ask the API: `team:scope+scope:sha256 of the token` each, separated by spaces or commas",
    )
    gateway: Path | None = Field(
        None, description="File of the gateway's hooks: whose they are and how they prove it (docs/gateway.md)"
    )
    profiles_oldest_s: float = Field(
        15.0,
        ge=5,
        le=300,
        description="Seconds ago at which Redis must have been whole for the API to answer; else profiles_incomplete",
    )
    partitions: int = Field(8, ge=1, le=1024, description="Partitions of each topic, fixed for a generation")
    replication: int = Field(1, ge=1, le=9, description="Replicas of each topic that `topics create` makes")
    state_dir: Path = Field(
        Path(".harmonia/state"), description="Local stores of one worker process; two must never share it"
    )
    home: Path = Field(Path(".harmonia"), description="Files of the local stack")
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of /metrics, /livez and /readyz; 0: any free one")
    metrics_host: str = Field("127.0.0.1", description="Address on which metrics are served")
    chunk_records: int = Field(1000, ge=1, le=100_000, description="Records in a chunk, at most")
    chunk_bytes: int = Field(4 << 20, ge=1 << 16, le=64 << 20, description="Bytes of records in a chunk, at most")
    recent_bytes: int = Field(
        16 << 20,
        ge=0,
        le=1 << 30,
        description="Bytes of encoded states that are kept decoded; in memory they take five times as much",
    )
    fetch_wait_ms: int = Field(50, ge=1, le=5000, description="Milliseconds a fetch waits for a record, at most")
    session_timeout_s: float = Field(
        10.0, ge=6, le=300, description="Seconds without a heartbeat after which a worker's partitions go to others"
    )
    transaction_timeout_s: float = Field(
        5.0, ge=1, le=10, description="Seconds after which the broker aborts an open transaction"
    )
    log_level: str = Field(
        "WARNING", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.transaction_timeout_s >= self.session_timeout_s:
            raise ValueError("HARMONIA_TRANSACTION_TIMEOUT_S must be below HARMONIA_SESSION_TIMEOUT_S")
        if not self.kafka_brokers or not all(map(_is_broker, self.kafka_brokers)):
            raise ValueError("KAFKA_BOOTSTRAP must name a broker as host:port, several separated by commas")
        if not _is_url(self.redis_url):
            raise ValueError("REDIS_URL must be a URL such as redis://127.0.0.1:6379/0")
        if not self.identity_keys:
            raise ValueError("HARMONIA_IDENTITY_KEY is empty: set a secret")
        if self.identity_keys[0] == LOCAL_IDENTITY_KEY.encode() and not self.kafka_is_local:
            raise ValueError("HARMONIA_IDENTITY_KEY must be set where KAFKA_BOOTSTRAP is not on loopback")
        return self

    @property
    def hasher(self) -> Hasher:
        """Reads and hashes identifiers as these settings say."""
        return Hasher(self.identity_keys, self.phone_region, gmail_aliases=self.gmail_aliases)

    @property
    def kafka_brokers(self) -> list[str]:
        """The brokers, host:port each."""
        return [broker.strip() for broker in self.kafka_bootstrap.split(",") if broker.strip()]

    @property
    def kafka_is_local(self) -> bool:
        """Whether every broker is on a loopback address."""
        return all(_is_loopback(broker) for broker in self.kafka_brokers)

    @property
    def identity_keys(self) -> list[bytes]:
        """The keys of the identifier hash, the one that writes first."""
        return [key.strip().encode() for key in self.identity_key.get_secret_value().split(",") if key.strip()]


def _is_url(text: str) -> bool:
    try:
        return urlsplit(text).port != 0
    except ValueError:  # its message has the text in it, and so perhaps a password
        return False


def _is_loopback(broker: str) -> bool:
    name, colon, _ = broker.rpartition(":")
    host = name if colon else broker
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
