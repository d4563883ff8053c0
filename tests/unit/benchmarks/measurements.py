"""What runs of peers found, as they are made for tests."""

from benchmarks.peers.ratios import Round
from benchmarks.peers.running import Measured
from benchmarks.processes import Usage


def measured(events: int = 1000, cpu: float = 1.0, wall: float = 2.0) -> Round:
    return Round(
        Measured(events, Usage(cpu, wall, 300 << 20, 290 << 20), Usage(0.5, wall, 900 << 20, 880 << 20), 0.25), 0.97
    )
