"""The settings of a deployed cluster of three brokers are those with which the chaos suite runs one."""

from pathlib import Path

from streams.local.kafka import Node, properties

FILE = Path(__file__).parents[3] / "deploy" / "kafka" / "server.properties"
OF_ONE_NODE = {"node.id", "listeners", "advertised.listeners", "log.dirs", "controller.quorum.voters"}
OF_A_SMALL_MACHINE = {
    "offsets.topic.num.partitions",
    "transaction.state.log.num.partitions",
    "log.cleaner.dedupe.buffer.size",
}


def settings_in(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def test_deployed_brokers_have_the_settings_of_the_chaos_suite() -> None:
    nodes = [Node(number, 9092, 9093) for number in (1, 2, 3)]
    tried, deployed = settings_in(properties(nodes[0], nodes)), settings_in(FILE.read_text())
    common = tried.keys() - OF_ONE_NODE - OF_A_SMALL_MACHINE
    assert {name: deployed.get(name) for name in common} == {name: tried[name] for name in common}
    assert deployed.keys() >= OF_ONE_NODE
