"""Every setting of Harmonia, read from the environment and from a file `.env`.

A setting is named by its environment variable: `HARMONIA_` and the field's name in capitals, besides
`FORWARDED_ALLOW_IPS`, `KAFKA_BOOTSTRAP` and `REDIS_URL`. `docs/settings.md` is made of the descriptions here by
`settings_reference.py`.
"""

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource

from events.console_acts import CONSOLE_ACTS
from events.contact import is_time_zone
from events.identifiers import Hasher
from events.interactions.base import ProvenanceKind
from events.purpose_wall import Wall
from events.regimes import NO_COUNTRY, REGIMES, RegimeName, regime_mark
from streams.domain.delivery.addresses import networks_of
from streams.platform.processes import KEYS, Watched
from streams.platform.servers import ENV_FILE, ServerSettings

LOCAL_IDENTITY_KEY = "harmonia-local-only"
_PUBLIC_KEY = LOCAL_IDENTITY_KEY.encode()
LEAST_KEY_BYTES = 16
"""The least bytes of an identity key: whose hash is whose could be tried out with a shorter one."""


def _not_empty(value: object) -> object:
    if value == "":
        raise ValueError("is empty: name a place, or do not set it")
    return value


NonEmptyPath = Annotated[Path, BeforeValidator(_not_empty)]
"""A file or a directory. An empty one would be the working directory, which nobody means."""


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Said = Annotated[str | None, BeforeValidator(_blank_is_none)]
"""A text that is printed as it is; one of spaces alone, as `${NAME:-}` makes of what is not set, is none."""
PathOrUri = Annotated[str, BeforeValidator(_not_empty)]
"""A directory, or a URI of a store."""


def _zone(value: str) -> str:
    if not is_time_zone(value):
        raise ValueError("is no IANA time zone, such as America/New_York")
    return value


ZoneName = Annotated[str, AfterValidator(_zone)]


def _proxies(value: str) -> str:
    """Addresses and networks, without spaces. Raises ValueError for a word that is none, and so would name nobody."""
    words = [word.strip() for word in value.split(",") if word.strip()]
    for word in words:
        try:
            word == "*" or ip_network(word)
        except ValueError:
            raise ValueError("give addresses or networks, such as 127.0.0.1,10.0.0.0/8, or * for all") from None
    return ",".join(words)


ProxyAddresses = Annotated[str, AfterValidator(_proxies)]


def _matching(pattern: str, complaint: str) -> AfterValidator:
    """A validator that takes texts which a pattern matches as a whole, and says `complaint` of others."""
    matches = re.compile(pattern).fullmatch

    def checked(value: str) -> str:
        if not matches(value):
            raise ValueError(complaint)
        return value

    return AfterValidator(checked)


ApiUrl = Annotated[
    str,
    _matching(
        r"https://[^\s?#@]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s?#@]*)?",
        "is no URL of an API: give https://…, with no user:password@ in it, and no ? or # with what follows it",
    ),
]
"""Where an API is; without TLS on this machine's loopback address alone."""


def _networks(value: str) -> str:
    if isinstance(networks_of(value), str):
        raise ValueError("is no list of networks: give such as 10.1.0.0/16, several with commas")
    return value


Networks = Annotated[str, AfterValidator(_networks)]
"""Networks with commas, none where it is empty."""


TopicPrefix = Annotated[
    str,
    _matching(
        r"([a-z0-9.-]{0,39}[.-])?",
        "is no prefix: give 1 to 40 of a-z, 0-9, . and -, the last one . or -, such as `north.`; or do not set it",
    ),
]
"""A text before names of topics, which ends where they begin; empty: none."""


class Settings(ServerSettings):
    """Settings of one process. Raises `pydantic.ValidationError` that names the variable and the cure.

    Neither that error nor its own text shows a secret.
    """

    identity_key: SecretStr = Field(
        SecretStr(LOCAL_IDENTITY_KEY),
        description="Key of the identifier hash; several separated by commas, the first writes. "
        "Must be set, to 16 bytes or more, where Kafka or Redis is not on loopback",
    )
    identity_key_file: Path | None = Field(None, description="File that holds HARMONIA_IDENTITY_KEY")
    regime: RegimeName = Field(
        "us",
        description="Under which law's usual rules this deployment works (docs/regimes.md); each default that it "
        "gives can be set by itself",
    )
    phone_region: str = Field(
        REGIMES["us"].phone_region,
        pattern="^[A-Z]{2}$",
        description=f"Country of phone numbers written without one; `{NO_COUNTRY}`: such numbers are not taken",
    )
    refused_sources: str = Field(
        REGIMES["us"].refused_sources,
        pattern=rf"^( *({'|'.join(get_args(ProvenanceKind))})( |$))* *$",
        description="Kinds of provenance of which nothing is taken, separated by spaces: what names one is a "
        "dead letter (docs/provenance.md); empty: none",
    )
    inactivity_days: int = Field(
        REGIMES["us"].inactivity_days,
        ge=0,
        le=36_500,
        description="Days after which whoever has done nothing is due to be forgotten (`harmonia retention`); 0: never",
    )
    controller: Said = Field(
        None,
        max_length=400,
        description="Name and contact of the controller, for `harmonia register export`; none: a blank to fill in",
    )
    dpo: Said = Field(
        None,
        max_length=400,
        description="Contact of the data protection officer, for the same; none: a blank to fill in",
    )
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
    topic_prefix: TopicPrefix = Field(
        "",
        description="What stands before the names of topics, consumer groups, transactional ids and Redis keys, where "
        "several deployments share a cluster and a Redis (docs/operations.md), such as `north.`; empty: nothing. "
        "Changed later, nothing that was written is found",
    )
    policy: NonEmptyPath | None = Field(
        None,
        description="File of the policy; none: that of Harmonia for the regime. A change needs no restart",
    )
    teams: NonEmptyPath | None = Field(
        None, description="File with the hours of each team; none: no team is expected at any time"
    )
    api_tokens: SecretStr = Field(
        SecretStr(""),
        description="Who may ask the API: `team:scope+scope:sha256 of the token` each, separated by spaces or commas",
    )
    api_tokens_file: Path | None = Field(None, description="File that holds HARMONIA_API_TOKENS")
    gateway: NonEmptyPath | None = Field(
        None, description="File of the gateway's hooks: whose they are and how they prove it (docs/gateway.md)"
    )
    desk: NonEmptyPath | None = Field(
        None, description="File of the desk, from which the console has its figures; one process writes it"
    )
    desk_hours: float = Field(
        48.0,
        ge=1,
        le=9000,
        description="Hours of which the desk keeps each interaction; figures stay 9 days",
    )
    desk_events: int = Field(
        5_000_000,
        ge=1_000,
        le=200_000_000,
        description="Interactions that the desk keeps at most, 250 bytes each; of more the oldest messages go first",
    )
    desk_clock: Literal["broker", "events"] = Field(
        "broker",
        description="Whose time says what is old in the desk; events: of the demo, whose events are years old",
    )
    console_people: NonEmptyPath | None = Field(
        None, description="File of who may sign in to the console, with their roles (docs/console.md); none: nobody"
    )
    console_may: str = Field(
        "hold lift",
        pattern=rf"^( *({'|'.join(CONSOLE_ACTS)})( |$))* *$",
        description="What may be changed from the console at all, by those with the role for it, separated by spaces: "
        f"{', '.join(f'`{act}`' for act in CONSOLE_ACTS)} (docs/console.md); empty: nothing",
    )
    console_turfs: NonEmptyPath | None = Field(
        None, description="GeoJSON file with the outlines of turfs, which /field draws (docs/console.md); none: tables"
    )
    console_url: str = Field(
        "",
        pattern=r"^(https://[^/\s?#]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)?$",
        description="Where readers find the console, without a path, such as https://console.example.org; "
        "none: on this machine's loopback address only",
    )
    forwarded_allow_ips: ProxyAddresses = Field(
        "",
        validation_alias="FORWARDED_ALLOW_IPS",
        description="Addresses and networks of the proxies before the console, separated by commas; tries to sign in "
        "are counted by the address that these forward (`X-Forwarded-For`). None: nobody's word for it is taken",
    )
    console_oidc_issuer: str = Field(
        "",
        pattern=r"^(https://[^\s?#]+[^\s?#/]|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/[^\s?#]*[^\s?#/])?)?$",
        description="The OpenID Connect provider by which people sign in to the console, as it names itself; none: by "
        "tokens alone. Needs the extra `oidc`, which the image has",
    )
    console_oidc_client: str | None = Field(None, min_length=1, description="The console's client id at that provider")
    console_oidc_secret: SecretStr | None = Field(
        None, min_length=1, description="The client's secret; none: it is a public client, which PKCE protects"
    )
    console_oidc_secret_file: Path | None = Field(None, description="File that holds HARMONIA_CONSOLE_OIDC_SECRET")
    lake: PathOrUri | None = Field(
        None, description="The lake: a folder, or a URI such as s3://bucket/lake (docs/lake.md)"
    )
    lake_flush_rows: int = Field(
        200_000,
        ge=1,
        le=10_000_000,
        description="Rows of a partition that are written into the lake at once, at most",
    )
    lake_flush_bytes: int = Field(
        64 << 20,
        ge=1 << 10,
        le=4 << 30,
        description="Bytes of records that wait for the lake, of all partitions together; it takes about five times as "
        "much memory",
    )
    lake_flush_s: float = Field(
        300.0,
        ge=0.1,
        le=86_400,
        description="Seconds until a record is in the lake; fewer make more, smaller files",
    )
    lake_group_reads: bool = Field(
        False, description="Whether the group of the lake's folder may read what is in it; else its owner alone"
    )
    postgres: SecretStr | None = Field(
        None,
        min_length=1,
        description="The database that `harmonia sink postgres` fills, such as "
        "postgresql://harmonia@db.example.org/bi?sslmode=verify-full (docs/postgres.md)",
    )
    postgres_file: Path | None = Field(None, description="File that holds HARMONIA_POSTGRES")
    actionnetwork_key: SecretStr | None = Field(
        None, min_length=1, description="The API key of a group in Action Network, for `harmonia vendors sync`"
    )
    actionnetwork_key_file: Path | None = Field(None, description="File that holds HARMONIA_ACTIONNETWORK_KEY")
    actionnetwork_url: ApiUrl = Field("https://actionnetwork.org/api/v2", description="Where Action Network's API is")
    sendgrid_key: SecretStr | None = Field(
        None, min_length=1, description="An API key of SendGrid, for `harmonia vendors sync`"
    )
    sendgrid_key_file: Path | None = Field(None, description="File that holds HARMONIA_SENDGRID_KEY")
    sendgrid_url: ApiUrl = Field(
        "https://api.sendgrid.com",
        description="Where SendGrid's API is; of an account in the EU: https://api.eu.sendgrid.com",
    )
    deliver: NonEmptyPath | None = Field(
        None, description="TOML file of the endpoints that `harmonia deliver` tells (docs/deliver.md)"
    )
    deliver_private: Networks = Field(
        "",
        description="Networks that are not global and that `harmonia deliver` may reach all the same, with commas, "
        "such as 10.1.0.0/16; empty: none",
    )
    time_zone: ZoneName = Field(REGIMES["us"].time_zone, description="Where a day begins in insights and reports; IANA")
    profiles_oldest_s: float = Field(
        15.0,
        ge=5,
        le=300,
        description="Seconds ago at which Redis must have been whole for the API to answer; else profiles_incomplete",
    )
    instance: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,200}$",
        description="Name of this worker that outlives it: back within a session, it disturbs no other. "
        "Two must never share it; none: each start is a new worker",
    )
    partitions: int = Field(8, ge=1, le=1024, description="Partitions of each topic, fixed for a generation")
    replication: int | None = Field(
        None,
        ge=1,
        le=9,
        description="Replicas of each topic that `topics create` makes, all but one of which must be in sync; "
        "unset: as the brokers say (`default.replication.factor`, `min.insync.replicas`)",
    )
    state_dir: NonEmptyPath = Field(
        Path(".harmonia/state"), description="Local stores of one worker process; two must never share it"
    )
    home: NonEmptyPath = Field(Path(".harmonia"), description="Files of the local stack")
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of /metrics, /livez and /readyz; 0: any free one")
    metrics_host: str = Field("127.0.0.1", min_length=1, description="Address on which metrics are served")
    watched: Watched = Field(
        "",
        description="Where `status` asks processes whether they are ready, by the address of their /metrics, such as "
        f"`api=http://127.0.0.1:9464`, separated by spaces; of {', '.join(f'`{key}`' for key in KEYS)}; empty: none is "
        "asked (docs/monitoring.md)",
    )
    chunk_records: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Records in a chunk, at most. A partition counts as behind from chunks of half as many on, "
        "and of two at least: with 1 none does",
    )
    chunk_bytes: int = Field(4 << 20, ge=1 << 16, le=64 << 20, description="Bytes of records in a chunk, at most")
    recent_bytes: int = Field(
        16 << 20,
        ge=0,
        le=1 << 30,
        description="Bytes of encoded states that are kept decoded; in memory they take eight times as much, "
        "and half as much again what is derived from those used last",
    )
    fetch_wait_ms: int = Field(
        50,
        ge=1,
        le=5000,
        description="Milliseconds a fetch waits for a record, at most, while others wait to be handed on",
    )
    session_timeout_s: float = Field(
        10.0, ge=6, le=300, description="Seconds without a heartbeat after which a worker's partitions go to others"
    )
    transaction_timeout_s: float = Field(
        5.0, ge=1, le=10, description="Seconds after which the broker aborts an open transaction"
    )
    start_wait_s: float = Field(
        60.0, ge=0, le=3600, description="Seconds that a worker waits for Kafka when it starts; then it gives up"
    )
    grace_s: float = Field(
        20.0, ge=1, le=3600, description="Seconds in which a process that is told to stop ends; hard, if it must be"
    )
    quarantine_letters: int = Field(
        600,
        ge=0,
        le=1_000_000,
        description="Refused records of one source in a minute, as one worker sees them, that put it into quarantine; "
        "0: never",
    )
    quarantine_share: float = Field(
        0.5, gt=0, le=1, description="Share of what such a source sends that must be refused as well"
    )
    quarantine_minutes: int = Field(
        15, ge=1, le=1440, description="Minutes after a flood until its source is let go by itself"
    )
    log_level: str = Field(
        "WARNING", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR"
    )

    @model_validator(mode="before")
    @classmethod
    def _go_by_regime(cls, given: dict[str, Any]) -> dict[str, Any]:
        """What is not given is as the regime has it; one that is none is told of with the other mistakes."""
        regime = REGIMES.get(given.get("regime", "us"))
        return given if regime is None else {**regime.settings, **given}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.transaction_timeout_s >= self.session_timeout_s:
            raise ValueError("HARMONIA_TRANSACTION_TIMEOUT_S must be below HARMONIA_SESSION_TIMEOUT_S")
        if not self.identity_keys:
            raise ValueError("HARMONIA_IDENTITY_KEY is empty: set a secret")
        if self.postgres is not None and not _is_postgres(self.postgres.get_secret_value()):
            raise ValueError(
                "HARMONIA_POSTGRES must be a URL with a host and a database, such as postgresql://user@host:5432/database"
            )
        if not (self.kafka_is_local and self.redis_is_local):
            self._require_secret(self.identity_keys[0])
        return self

    def _require_secret(self, key: bytes) -> None:
        """Check the key that writes; an older one is what a rotation leaves behind, and may be weak."""
        if key == _PUBLIC_KEY:
            raise ValueError("HARMONIA_IDENTITY_KEY must be set where KAFKA_BOOTSTRAP or REDIS_URL is not on loopback")
        if len(key) < LEAST_KEY_BYTES:
            raise ValueError(
                f"HARMONIA_IDENTITY_KEY is shorter than {LEAST_KEY_BYTES} bytes, so it can be guessed: set one of "
                "`openssl rand -hex 32`. Where the short one has written already, put the new one before it (new,old)"
            )

    @property
    def hasher(self) -> Hasher:
        """Reads and hashes identifiers as these settings say."""
        writing, *older = self.identity_keys
        guessable = [key for key in older if key != writing and (key == _PUBLIC_KEY or len(key) < LEAST_KEY_BYTES)]
        return Hasher(
            [writing, *older],
            self.phone_region,
            overseas=self.regime == "fr",
            gmail_aliases=self.gmail_aliases,
            guessable=guessable,
        )

    @property
    def key_ids(self) -> list[str]:
        """By what readers of Redis and workers know that they agree: ids of the keys, and a mark of the regime."""
        return [*self.hasher.key_ids, regime_mark(self.regime, self.phone_region)]

    @property
    def refused_kinds(self) -> frozenset[ProvenanceKind]:
        """The kinds of provenance of which nothing is taken."""
        said = self.refused_sources.split()
        return frozenset(kind for kind in get_args(ProvenanceKind) if kind in said)

    @property
    def wall(self) -> Wall:
        """What nothing is taken of."""
        return Wall(self.refused_kinds, not REGIMES[self.regime].guards_opinion)

    @property
    def identity_keys(self) -> list[bytes]:
        """The keys of the identifier hash, the one that writes first."""
        return [key.strip().encode() for key in self.identity_key.get_secret_value().split(",") if key.strip()]


def _is_postgres(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("postgresql", "postgres")
            and bool(parts.hostname)
            and len(parts.path) > 1
            and parts.port != 0
        )
    except ValueError:  # a port that is none
        return False


class RegimeSetting(BaseSettings):
    """`HARMONIA_REGIME` alone, for what has to work before a deployment is set up."""

    model_config = ServerSettings.model_config

    regime: RegimeName = "us"


def variable_of(field: str) -> str:
    """The environment variable of a field of `Settings`, as `docs/settings.md` names it."""
    return str(Settings.model_fields[field].validation_alias or f"HARMONIA_{field.upper()}")


def env_file_note(variable: str) -> str:
    """` (in the file .env)` where that file sets the variable and the environment does not; else nothing.

    For messages: whoever has forgotten the file looks for the setting in vain.
    """
    if variable.upper() in map(str.upper, os.environ):
        return ""
    named = DotEnvSettingsSource(Settings, env_file=ENV_FILE).env_vars
    return f" (in the file {ENV_FILE})" if variable.upper() in map(str.upper, named) else ""
