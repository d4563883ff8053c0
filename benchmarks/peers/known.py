"""The peers: how each is started, and why it is left out where it cannot be."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streams.local.kafka_runtime import find_java

ROOT = Path(__file__).parents[2]
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
STREAMS = Path(__file__).with_name("kafka_streams")

OURS = "ours"
STOCK_FAUST = "Faust"
EXACTLY_ONCE = "Kafka Streams, exactly once"
TUNED = "Kafka Streams, exactly once, tuned"
TUNED_COMMIT_MS, TUNED_CACHE_MIB = 1_000, 256
"""A commit each second, as Kafka's page on the memory of streams has it, and a cache that holds every state."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A way to do the job.

    `promises`: what becomes of state and output when it is killed. `missing` says what it lacks here, or None; it may
    take a while, and is asked once. `share`: the part of the events that it is given, as a slow one would take hours
    for all; what it costs per event stays the same.
    """

    name: str
    promises: str
    command: tuple[str, ...]
    missing: Callable[[], str | None] = lambda: None
    share: float = 1.0

    @property
    def slug(self) -> str:
        """The name as topics, files and the command line have it."""
        return self.name.lower().replace(",", "").replace(" ", "-")


def _module(python: Path | str, name: str) -> tuple[str, ...]:
    return (str(python), "-m", f"benchmarks.peers.{name}")


def _no_libraries() -> str | None:
    return None if PEERS_PYTHON.exists() else "its libraries are not installed; `make bench` tries to"


def _not_built() -> str | None:
    """Build the Java peer; Maven does nothing where it is up to date."""
    if not (shutil.which("mvn") and shutil.which("javac")):
        return "there is no Maven or no Java compiler here"
    built = subprocess.run(["mvn", "-q", "-B", "compile"], cwd=STREAMS, capture_output=True, text=True, check=False)
    return None if built.returncode == 0 else f"Maven cannot build it: {built.stdout.strip()[-500:]}"


def _kafka_streams(guarantee: str, commit_ms: int = 100, cache_mib: int = 64) -> tuple[str, ...]:
    """By default what an operator sets who wants throughput at the freshness of `exactly_once_v2`'s own interval."""
    classes = f"{STREAMS / 'target' / 'classes'}:{STREAMS / 'target' / 'lib'}/*"
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return (
        find_java(),
        "-Xms1g",
        "-Xmx1g",
        quiet,
        "-cp",
        classes,
        "ContactFold",
        guarantee,
        str(commit_ms),
        str(cache_mib),
    )


def known_peers() -> list[Peer]:
    """All of them; ours first, which the others are held against."""
    once, twice = (
        "exactly once: state, output and position in one transaction",
        "at least once: an event may count twice",
    )
    snapshots = "at least once: snapshots on the local disk, and what was written since the last one comes again"
    return [
        Peer(OURS, once, _module(sys.executable, "ours")),
        Peer(EXACTLY_ONCE, once, _kafka_streams("exactly_once_v2"), _not_built),
        Peer(TUNED, once, _kafka_streams("exactly_once_v2", TUNED_COMMIT_MS, TUNED_CACHE_MIB), _not_built),
        Peer("Kafka Streams, at least once", twice, _kafka_streams("at_least_once"), _not_built),
        Peer("Quix Streams", twice, (*_module(PEERS_PYTHON, "quix"), "at-least-once"), _no_libraries),
        Peer("Quix Streams, exactly once", once, (*_module(PEERS_PYTHON, "quix"), "exactly-once"), _no_libraries),
        Peer("Pathway", snapshots, _module(PEERS_PYTHON, "pathway_flow"), _no_libraries),
        Peer("Bytewax", snapshots, _module(PEERS_PYTHON, "bytewax_flow"), _no_libraries),
        Peer(
            STOCK_FAUST,
            "neither: an event may count twice, or be lost where an agent fails",
            _module(sys.executable, "stock_faust"),
            share=1 / 40,
        ),
    ]
