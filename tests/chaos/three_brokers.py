"""A cluster of three brokers on this machine, every one of which may die."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.local import server
from streams.local.kafka import Node, new_cluster_id, start_node
from streams.local.redis import start_redis
from streams.local.stack import Stack, say_nothing

COUNT = 3


@dataclass(frozen=True, slots=True)
class Cluster:
    """The nodes, each with a folder of its own."""

    home: Path
    nodes: Sequence[Node]
    cluster_id: str

    def folder(self, node: Node) -> Path:
        return self.home / f"kafka-{node.id}"

    def node(self, number: int) -> Node:
        return next(node for node in self.nodes if node.id == number)

    def start(self, node: Node) -> None:
        start_node(self.folder(node), node, self.nodes, self.cluster_id, say_nothing)

    def start_all(self, nodes: Sequence[Node]) -> None:
        """All at once: a node does not answer before most of the nodes run."""
        with ThreadPoolExecutor(COUNT) as pool:
            list(pool.map(self.start, nodes))


@contextmanager
def three_brokers(home: Path) -> Iterator[tuple[Cluster, Stack]]:
    """Three brokers and a Redis for the length of a block."""
    ports = server.choose_ports(*[0] * (2 * COUNT))
    nodes = [Node(number + 1, *ports[2 * number : 2 * number + 2]) for number in range(COUNT)]
    cluster = Cluster(home, nodes, new_cluster_id())
    redis = home / "redis"
    try:
        cluster.start_all(nodes)
        bootstrap = ",".join(f"{server.HOST}:{node.broker_port}" for node in nodes)
        yield cluster, Stack(bootstrap, f"redis://{start_redis(redis, say_nothing).address}/0", ())
    finally:
        server.stop([*map(cluster.folder, nodes), redis])
