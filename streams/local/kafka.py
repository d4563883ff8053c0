"""Apache Kafka, small and quick to start: one KRaft node, or several that form a cluster.

All that a node owns is below its directory.
"""

import base64
import secrets
import struct
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.local.errors import LocalStackError
from streams.local.kafka_runtime import class_path, find_java
from streams.local.server import HOST, OWNER_ALONE, Server, choose_ports, launch, make_private, recorded_server

_CONFIG = "server.properties"
_DATA = "data"
# ApiVersions, version 0, correlation 0, client "up": the first request that every broker answers.
_GREETING = struct.pack(">ihhih2s", 12, 18, 0, 0, 2, b"up")
_FORMAT_OPTIONS = ("-XX:TieredStopAtLevel=1", "-Xmx128m")
_SERVER_OPTIONS = (
    "-Xmx512m",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


@dataclass(frozen=True, slots=True)
class Node:
    """A Kafka node, broker and controller at once, and its ports."""

    id: int
    broker_port: int
    controller_port: int


def start_kafka(directory: Path, say: Callable[[str], None]) -> Server:
    """Start a single node on free loopback ports, the same as last time if nobody has taken them.

    Raises:
        LocalStackError, PortLost: as `launch`.
    """
    before = recorded_server(directory)
    wished = before.ports if before else (0, 0)
    node = Node(1, *choose_ports(*wished))
    return start_node(directory, node, [node], new_cluster_id(), say)


def start_node(
    directory: Path, node: Node, quorum: Sequence[Node], cluster_id: str, say: Callable[[str], None]
) -> Server:
    """Start one node of a cluster. It answers once most of the quorum runs.

    `cluster_id` counts on the first start only.

    Raises:
        LocalStackError, PortLost: as `launch`.
    """
    jars = ":".join(str(jar) for jar in class_path(say))
    java = [find_java(), "-cp", jars]
    make_private(directory)
    (directory / _CONFIG).write_text(properties(node, quorum))
    if not (directory / _DATA / "meta.properties").exists():
        say("Formatting Kafka's storage")
        _format(directory, java, cluster_id)
    say("Starting Kafka")
    # Compression libraries unpack themselves into the temporary directory and leave that behind when killed.
    scratch = f"-Djava.io.tmpdir={directory.resolve()}"
    ports = (node.broker_port, node.controller_port)
    return launch(directory, [*java, *_SERVER_OPTIONS, scratch, "kafka.Kafka", _CONFIG], ports, _GREETING)


def new_cluster_id() -> str:
    """A random id for a new cluster."""
    return base64.urlsafe_b64encode(b"harmonia" + secrets.token_bytes(8)).rstrip(b"=").decode()


def properties(node: Node, quorum: Sequence[Node]) -> str:
    """The text of a node's `server.properties`; the data directory is relative to its working directory."""
    replicas = min(3, len(quorum))
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(node.id),
        "controller.quorum.voters": ",".join(f"{one.id}@{HOST}:{one.controller_port}" for one in quorum),
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{node.broker_port},CONTROLLER://{HOST}:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{node.broker_port}",
        "log.dirs": _DATA,
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.num.partitions": "8",
        "offsets.topic.replication.factor": str(replicas),
        "transaction.state.log.num.partitions": "8",
        "transaction.state.log.replication.factor": str(replicas),
        "transaction.state.log.min.isr": str(max(1, replicas - 1)),
        # Or a transaction whose time is up may hold up readers, and the next owner, for ten seconds more.
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        # After a kill the controller holds the place of the dead broker for this long.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "1000",
        "log.cleaner.dedupe.buffer.size": str(32 << 20),
    }
    if replicas > 1:
        settings |= {"default.replication.factor": str(replicas), "min.insync.replicas": str(replicas - 1)}
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _format(directory: Path, java: list[str], cluster: str) -> None:
    command = [*java, *_FORMAT_OPTIONS, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", _CONFIG]
    done = subprocess.run(  # nosec B603 # words of ours, no shell
        command, cwd=directory, capture_output=True, text=True, check=False, umask=OWNER_ALONE
    )
    if done.returncode:
        raise LocalStackError(f"Kafka's storage cannot be formatted:\n{done.stdout}{done.stderr}")
