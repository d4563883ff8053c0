"""`harmonia doctor` on real servers: all is well, then one thing is not, and it says which and what to do."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kafka.admin import ConfigResource

from streams.demo.deployment import open_deployment
from streams.local.stack import Stack
from streams.platform.clients import KafkaClients
from tests.integration.command import ended_well, harmonia, on
from tests.integration.system import settings_of
from tests.integration.waiting import until

TOPIC = "experiment-results"
WELL = {
    *("HARMONIA_POLICY", "disk", "versions", "RocksDB", "brokers", "topics", "ACLs of topics", "transactions", "group"),
    *("Redis", "clock of Redis"),
}


@contextmanager
def altered(stack: Stack, **config: str) -> Iterator[None]:
    """A topic with other settings (with `_` for `.`) for the length of a block."""
    admin = KafkaClients(settings_of(stack)).admin()
    there = ConfigResource("TOPIC", TOPIC)
    wanted = {name.replace("_", "."): value for name, value in config.items()}
    before = admin.describe_configs([there], config_filter="all")["topic"][TOPIC]
    try:
        admin.alter_configs([ConfigResource("TOPIC", TOPIC, wanted)])
        yield
    finally:
        admin.alter_configs([ConfigResource("TOPIC", TOPIC, {name: before[name]["value"] for name in wanted})])
        admin.close()


def found_well(folder: Path, environment: Mapping[str, str]) -> list[dict[str, str]] | None:
    """What is found; on a cluster that is new to it there is no coordinator at first, which is only a warning."""
    ended = ended_well(harmonia(folder, "doctor", "--json", environment=environment))
    found: list[dict[str, str]] = json.loads(ended.stdout)
    return None if any("coordinator" in one["found"] for one in found) else found


def test_what_is_well_and_what_is_not(stack: Stack, tmp_path: Path) -> None:
    environment = on(stack, HARMONIA_STATE_DIR=str(tmp_path / "state"))
    with open_deployment(settings_of(stack)) as deployment:
        well = until(lambda: found_well(tmp_path, environment), "a cluster that has coordinators")
        assert {one["what"] for one in well} >= WELL
        assert not [one for one in well if one["verdict"] == "fail"]

        deployment.redis.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with altered(stack, cleanup_policy="delete", segment_ms="604800000"):
                ill = harmonia(tmp_path, "doctor", environment=environment)
        finally:
            deployment.redis.config_set("maxmemory-policy", "noeviction")
    shown = ill.stdout.decode()
    assert (ill.returncode, ill.stderr) == (1, b"")
    assert {line.split()[0] for line in shown.splitlines() if f"topic {TOPIC}" in line} == {"fail", "warn"}
    assert "maxmemory-policy is allkeys-lru" in shown
