"""Figures of peers beside ours, and the rows that they stand in."""

import pytest

from benchmarks.peers.known import EXACTLY_ONCE, OURS, STOCK_FAUST, TUNED, TUNED_CACHE_MIB, TUNED_COMMIT_MS, known_peers
from benchmarks.peers.ratios import Round, section
from benchmarks.peers.running import Measured
from benchmarks.processes import Usage
from benchmarks.results import Figure, Section


def the(section: Section, subject: str, name: str) -> Figure:
    [figure] = [each for each in section.figures if (each.subject, each.name) == (subject, name)]
    return figure


def test_ratios_are_taken_within_a_round() -> None:
    """What slows a whole round down slows both, and must not show."""
    ours = [measured(cpu=1.0, wall=1.0), measured(cpu=3.0, wall=3.0)]
    theirs = [measured(cpu=2.0, wall=4.0), measured(cpu=6.0, wall=12.0)]
    found = section({OURS: ours, EXACTLY_ONCE: theirs}, [])
    assert the(found, EXACTLY_ONCE, "CPU per event, to ours").values == (2.0, 2.0)
    assert the(found, EXACTLY_ONCE, "throughput, to ours").values == (0.25, 0.25)
    assert the(found, OURS, f"CPU per event, to {EXACTLY_ONCE}").values == (0.5, 0.5)
    assert the(found, OURS, f"CPU per event, to {EXACTLY_ONCE}").reached is False
    assert the(found, OURS, f"throughput, to {EXACTLY_ONCE}").values == (4.0, 4.0)
    assert the(found, OURS, f"throughput, to {EXACTLY_ONCE}").reached is True


def test_a_peer_that_was_given_fewer_events_is_compared_by_what_each_cost() -> None:
    found = section({OURS: [measured(events=40_000, wall=1.0)], STOCK_FAUST: [measured(events=1000, wall=1.0)]}, [])
    assert the(found, OURS, f"throughput, to {STOCK_FAUST}").values == (40.0,)
    assert the(found, OURS, f"throughput, to {STOCK_FAUST}").reached is True


def measured(events: int = 1000, cpu: float = 1.0, wall: float = 2.0) -> Round:
    return Round(
        Measured(events, Usage(cpu, wall, 300 << 20, 290 << 20), Usage(0.5, wall, 900 << 20, 880 << 20), 0.25), 0.97
    )


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
