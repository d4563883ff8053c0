"""The page of all settings, `docs/settings.md`, made of the models of settings: `make schemas` writes it.

A test holds the committed page to this, and every setting to exactly one section.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from events.regimes import REGIMES
from streams.platform.settings import Settings, variable_of

_HEAD = """\
# Settings

Made of the code by `make schemas`; do not change it by hand. A setting is an environment variable, or a line of a file
`.env` in the working directory; the environment counts before the file. A wrong value ends the process at its start,
with exit code 2 and a message that names the variable and the cure, and never shows the value. A variable that begins
with `HARMONIA_` and is none of these is named on standard error and ignored. `harmonia doctor` looks at all of them.

A secret can be given as a file instead: each has a variable that ends in `_FILE`. Both at once are refused, and so is
an empty file.

Where they are set: [.env.example](../.env.example) for a machine of your own, [deploy.md](deploy.md) for compose and
Kubernetes, [SECURITY.md](../SECURITY.md) for TLS, users and least rights.
"""

_TAIL = """\
## What Redis and Kafka themselves must be set to

Redis must not evict (`maxmemory-policy noeviction`) and its user may call `INFO`, `SCAN`, `EVALSHA`, `SCRIPT LOAD`. One
server, no cluster. Topics need `min.insync.replicas` and replication as your operations require; `topics create` takes
`HARMONIA_REPLICATION`, else what the brokers give a topic, and says how many. Partition counts are fixed: a worker
refuses a mismatch.

Servers that already run are used instead of the local ones wherever `KAFKA_BOOTSTRAP` or `REDIS_URL` is set; the demo
wants empty ones. Behind a proxy with its own certificates `REQUESTS_CA_BUNDLE` names them for the download of Kafka.
"""


class Section(NamedTuple):
    """Settings that the same processes read, in the order in which they are shown."""

    title: str
    read_by: str
    fields: tuple[str, ...]


SECTIONS = (
    Section(
        "Kafka",
        "everything that speaks to Kafka: workers, API, gateway, the lake, and most commands.",
        tuple(name for name in Settings.model_fields if name.startswith("kafka_")),
    ),
    Section(
        "Redis",
        "workers, the API, and the commands that show or decide something about people.",
        tuple(name for name in Settings.model_fields if name.startswith("redis_")),
    ),
    Section(
        "The deployment",
        "workers, gateway, lake, and the commands that make, check, copy or rebuild topics. The same for all of them.",
        ("regime", "app_id", "topic_prefix", "partitions", "replication"),
    ),
    Section(
        "Who is who",
        "whatever turns an address, a number or an id into a hash: workers, the API, the gateway, and commands that "
        "name people. The same for all of them; a backup keeps them and is restored with no others.",
        ("identity_key", "identity_key_file", "phone_region", "gmail_aliases", "identity_crowd"),
    ),
    Section(
        "What is taken",
        "workers, the gateway, `produce`, `dead-letters requeue` and `lake import`. The same for all of them.",
        ("refused_sources",),
    ),
    Section("What is kept", "`harmonia retention` and `register export`.", ("inactivity_days",)),
    Section("Who answers for it", "`harmonia register export`.", ("controller", "dpo")),
    Section(
        "Permissions",
        "workers (policy and teams), the API, and the commands that ask for permissions, test or back up a policy.",
        ("policy", "teams", "profiles_oldest_s"),
    ),
    Section(
        "HTTP",
        "`harmonia api` (tokens) and `harmonia gateway` (both).",
        ("api_tokens", "api_tokens_file", "gateway"),
    ),
    Section(
        "The console",
        "`harmonia console`.",
        (
            "console_people",
            "console_may",
            "console_turfs",
            "console_url",
            "forwarded_allow_ips",
            "console_oidc_issuer",
            "console_oidc_client",
            "console_oidc_secret",
            "console_oidc_secret_file",
        ),
    ),
    Section(
        "The desk",
        "`harmonia console follow`; the console itself reads `HARMONIA_DESK` alone.",
        ("desk", "desk_hours", "desk_events", "desk_clock"),
    ),
    Section(
        "The lake and history",
        "`harmonia lake`, `rebuild`, `backtest`, `insights`, `report`, and the API for insights.",
        (
            "lake",
            "lake_flush_rows",
            "lake_flush_bytes",
            "lake_flush_s",
            "lake_group_reads",
            "time_zone",
        ),
    ),
    Section("The sink on PostgreSQL", "`harmonia sink postgres`.", ("postgres", "postgres_file")),
    Section("Webhooks, Slack and e-mail", "`harmonia deliver`.", ("deliver", "deliver_private")),
    Section(
        "Vendors",
        "`harmonia vendors sync`.",
        (
            "actionnetwork_key",
            "actionnetwork_key_file",
            "actionnetwork_url",
            "sendgrid_key",
            "sendgrid_key_file",
            "sendgrid_url",
        ),
    ),
    Section(
        "Servers",
        "`harmonia worker`, `lake run`, `sink postgres`, `deliver`, `api` and `gateway`.",
        ("metrics_port", "metrics_host", "grace_s"),
    ),
    Section("What is watched", "`harmonia status` and `console`, for `/status`.", ("watched",)),
    Section(
        "Members of a consumer group",
        "`harmonia worker`, `lake run` and `sink postgres`.",
        ("instance", "session_timeout_s", "fetch_wait_ms"),
    ),
    Section(
        "Workers",
        "`harmonia worker`; `doctor` and `status` look at the state directory.",
        (
            "state_dir",
            "chunk_records",
            "chunk_bytes",
            "recent_bytes",
            "transaction_timeout_s",
            "start_wait_s",
            "quarantine_letters",
            "quarantine_share",
            "quarantine_minutes",
            "log_level",
        ),
    ),
    Section(
        "Files of this machine",
        "`harmonia local`, `demo`, and what `import`, `replay` and `vendors sync` note of how far they are.",
        ("home",),
    ),
)
_UNSET = ("", "None")
_TYPES: dict[object, str] = {SecretStr: "secret", Path: "path", bool: "`True` or `False`", int: "whole number"}
_LOCAL_KEY = "a local one"


def settings_page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(line for section in SECTIONS for line in _section(section)), _TAIL.rstrip()])


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}\n"
    yield f"Read by {section.read_by}\n"
    yield "| variable | type | default | meaning |\n|---|---|---|---|"
    for name in section.fields:
        info = Settings.model_fields[name]
        yield f"| `{variable_of(name)}` | {_type(info)} | {_default(name, info)} | {info.description} |"
    yield ""


def _default(name: str, info: FieldInfo) -> str:
    if name == "identity_key":  # its value is known to everybody, and so is good for nothing but this machine
        return _LOCAL_KEY
    by_regime = {regime: str(REGIMES[regime].settings.get(name, info.default)) for regime in REGIMES}
    if len(set(by_regime.values())) > 1:
        return ", ".join(f"`{regime}`: {_shown(value)}" for regime, value in by_regime.items())
    return _shown(str(info.default))


def _shown(value: str) -> str:
    return "none" if value in _UNSET else f"`{value}`"


def _type(info: FieldInfo) -> str:
    kinds = [kind for kind in get_args(info.annotation) or (info.annotation,) if kind is not type(None)]
    if get_origin(info.annotation) is Literal:
        return ", ".join(f"`{kind}`" for kind in kinds)
    return ", ".join([_kind(kinds[0]), *_limits(info)])


def _kind(kind: Any) -> str:
    if kind is float:
        return "number"
    return _TYPES.get(get_args(kind)[0] if get_args(kind) else kind, "text")


def _limits(info: FieldInfo) -> Iterator[str]:
    """The limits of the value besides its type, as `Field` has them."""
    said = {name: value for each in info.metadata for name, value in _constraints_of(each)}
    if "gt" in said:
        yield f"above {said['gt']:,}, up to {said['le']:,}"
    elif "ge" in said:
        yield f"{said['ge']:,} to {said['le']:,}"
    elif "pattern" in said:
        yield f"`{said['pattern']}`".replace("|", r"\|")


def _constraints_of(each: Any) -> Iterator[tuple[str, Any]]:
    for name in ("gt", "ge", "le", "pattern"):
        value = getattr(each, name, None)
        if value is not None:
            yield name, value


if __name__ == "__main__":
    sys.stdout.write(f"{settings_page()}\n")
