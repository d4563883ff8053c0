"""The rows of the engine's peers: each is started as its promise says, and none goes by another one's name."""

import pytest

from benchmarks.peers.known import EXACTLY_ONCE, OURS, TUNED, TUNED_CACHE_MIB, TUNED_COMMIT_MS, known_peers
from benchmarks.peers.ratios import section
from tests.unit.benchmarks.measurements import measured

PEERS = {peer.name: peer for peer in known_peers()}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (EXACTLY_ONCE, ("exactly_once_v2", "100", "64")),
        (TUNED, ("exactly_once_v2", str(TUNED_COMMIT_MS), str(TUNED_CACHE_MIB))),
        ("Kafka Streams, at least once", ("at_least_once", "100", "64")),
        ("Quix Streams", ("at-least-once",)),
        ("Quix Streams, exactly once", ("exactly-once",)),
    ],
)
def test_a_peer_is_started_with_the_guarantee_that_its_row_promises(name: str, words: tuple[str, ...]) -> None:
    peer = PEERS[name]
    assert peer.command[-len(words) :] == words
    assert peer.promises.startswith(words[0].replace("_v2", "").replace("_", " ").replace("-", " "))


def test_the_goal_is_held_against_kafka_streams_as_it_comes_and_not_as_it_is_tuned() -> None:
    found = section({OURS: [measured(cpu=0.34)], EXACTLY_ONCE: [measured()], TUNED: [measured(cpu=0.1)]}, [])
    goals = {figure.name: figure.goal for figure in found.figures if figure.goal is not None}
    assert all(name.endswith(EXACTLY_ONCE) for name in goals)
    [cpu] = [each for each in found.figures if each.name == f"CPU per event, to {EXACTLY_ONCE}"]
    assert (cpu.goal and cpu.goal.value, cpu.reached) == (0.35, True)
