"""Side by side: every peer in turn, round after round, on one broker with one input."""

import asyncio
import shutil
from collections.abc import Sequence

from benchmarks.peers.events import CONTACTS, generate, write_input
from benchmarks.peers.job import Job
from benchmarks.peers.known import ROOT, Peer, known_peers
from benchmarks.peers.outcome import check_outcome
from benchmarks.peers.ratios import Round, section
from benchmarks.peers.running import Measured, measure
from benchmarks.results import Section
from benchmarks.suites import Bench
from benchmarks.topics import make_topic, remove_topics
from streams.local.server import running_server
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings

EVENTS, QUICK_EVENTS, FEWEST_EVENTS = 3_000_000, 300_000, 30_000
PARTITIONS = 4
WARM_SHARE = 1 / 6
"""Of the events, not measured: 500,000 of 3 million."""


def side_by_side(bench: Bench) -> Section:
    """Measure every peer that is here, in each round in another order."""
    kafka = KafkaClients(Settings(kafka_bootstrap=bench.stack.kafka_bootstrap))
    peers, notes = _present(bench)
    for events in sorted({_events(peer, bench) for peer in peers}):
        with bench.console.status(f"Writing {events:,} events"):
            make_topic(kafka, _source(events), PARTITIONS)
            asyncio.run(write_input(kafka, _source(events), PARTITIONS, generate(events, bench.seed)))
    rounds: dict[str, list[Round]] = {peer.name: [] for peer in peers}
    for number in range(bench.rounds):
        for peer in _rotated(peers, number):
            with bench.console.status(f"Round {number + 1} of {bench.rounds}: {peer.name}"):
                done = _run(bench, kafka, peer, f"{peer.slug}-{number}")
            rounds[peer.name].append(done)
            bench.say(f"  round {number + 1}  {peer.name:<29} {_summary(done.measured)}")
    promises = "; ".join(f"{peer.name}: {peer.promises}" for peer in peers)
    return section(rounds, [_about(bench), f"When killed - {promises}", *notes])


def _summary(found: Measured) -> str:
    return (
        f"{found.events_per_second:>9,.0f} events/s {found.cpu_us_per_event:>7.1f} µs CPU/event, "
        f"broker {found.broker_cpu_us_per_event:.1f}, {found.others_cores:.1f} cores busy with other things"
    )


def _present(bench: Bench) -> tuple[list[Peer], list[str]]:
    peers, notes = [], []
    for peer in known_peers():
        if bench.peers and peer.slug not in bench.peers:
            continue
        with bench.console.status(f"Making {peer.name} ready"):
            missing = peer.missing()
        if missing:
            notes.append(f"{peer.name} left out: {missing}")
            bench.say(f"  {notes[-1]}")
        else:
            peers.append(peer)
    return peers, notes


def _run(bench: Bench, kafka: KafkaClients, peer: Peer, name: str) -> Round:
    """Once, checked."""
    directory = bench.home / "peers" / name
    events = _events(peer, bench)
    output = f"{name}-output"
    job = Job(
        bench.stack.kafka_bootstrap,
        _source(events),
        output,
        name,
        PARTITIONS,
        events,
        round(events * WARM_SHARE),
        str(directory),
    )
    make_topic(kafka, output, PARTITIONS)
    try:
        found = measure([*peer.command, *job.arguments()], ROOT, bench.home / f"{name}.log", _broker(bench))
        outputs = asyncio.run(check_outcome(kafka, job)) / events
    finally:
        remove_topics(kafka, name)
        shutil.rmtree(directory, ignore_errors=True)
    return Round(found, outputs)


def _broker(bench: Bench) -> list[int]:
    server = running_server(bench.stack_home / "kafka")
    return [server.pid] if server else []


def _events(peer: Peer, bench: Bench) -> int:
    return max(FEWEST_EVENTS, round(_all_events(bench) * peer.share))


def _all_events(bench: Bench) -> int:
    return bench.events or (QUICK_EVENTS if bench.quick else EVENTS)


def _source(events: int) -> str:
    return f"events-{events}"


def _rotated(peers: Sequence[Peer], by: int) -> Sequence[Peer]:
    by %= max(1, len(peers))
    return [*peers[by:], *peers[:by]]


def _about(bench: Bench) -> str:
    return (
        f"{_all_events(bench):,} JSON events of {CONTACTS:,} contacts in {PARTITIONS} partitions, folded per contact, "
        "with a changelog and an output topic; the first sixth is not measured; one process each, broker beside it. "
        "Faust is given a fortieth of the events"
    )
