"""From what was measured to figures: each peer's own, its ratios to ours within each round, and the goals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.peers.known import EXACTLY_ONCE, OURS, STOCK_FAUST
from benchmarks.peers.running import Measured
from benchmarks.results import Figure, Goal, Section

THROUGHPUT, CPU, BROKER_CPU, MEMORY = "throughput", "CPU per event", "broker's CPU per event", "peak memory"
OUTPUTS, OTHERS = "outputs per event", "cores busy with other things"
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Round:
    """One run of one peer; `outputs`: records in its output topic for each event, fewer where it writes them later."""

    measured: Measured
    outputs: float


Rounds = Sequence[Round]


def section(measured: Mapping[str, Rounds], notes: Sequence[str]) -> Section:
    """The section of the side-by-side suite; `measured` by peer."""
    figures = [figure for name, rounds in measured.items() for figure in _own(name, rounds)]
    ours = measured.get(OURS)
    if ours:
        others = {name: rounds for name, rounds in measured.items() if name != OURS}
        figures += [figure for name, rounds in others.items() for figure in _to_ours(name, rounds, ours)]
        figures += _goals(measured, ours)
    return Section("Side by side", tuple(figures), tuple(notes))


def _own(name: str, rounds: Rounds) -> list[Figure]:
    return [
        Figure(name, THROUGHPUT, "events/s", tuple(each.measured.events_per_second for each in rounds)),
        Figure(name, CPU, "µs", tuple(each.measured.cpu_us_per_event for each in rounds)),
        Figure(name, BROKER_CPU, "µs", tuple(each.measured.broker_cpu_us_per_event for each in rounds)),
        Figure(name, MEMORY, "MiB", tuple(each.measured.peer.peak_rss / _MIB for each in rounds)),
        Figure(name, OUTPUTS, "records", tuple(each.outputs for each in rounds)),
        Figure(name, OTHERS, "cores", tuple(each.measured.others_cores for each in rounds)),
    ]


def _to_ours(name: str, rounds: Rounds, ours: Rounds) -> list[Figure]:
    return [
        Figure(name, f"{THROUGHPUT}, to ours", "×", _throughputs(rounds, ours)),
        Figure(name, f"{CPU}, to ours", "×", _cpus(rounds, ours)),
    ]


def _goals(measured: Mapping[str, Rounds], ours: Rounds) -> list[Figure]:
    figures = []
    if exactly_once := measured.get(EXACTLY_ONCE):
        cpu, throughput = _cpus(ours, exactly_once), _throughputs(ours, exactly_once)
        broker = _broker_cpus(ours, exactly_once)
        figures.append(Figure(OURS, f"{CPU}, to {EXACTLY_ONCE}", "×", cpu, Goal("at most", 0.35)))
        figures.append(Figure(OURS, f"{BROKER_CPU}, to {EXACTLY_ONCE}", "×", broker, Goal("at most", 1.0)))
        figures.append(Figure(OURS, f"{THROUGHPUT}, to {EXACTLY_ONCE}", "×", throughput, Goal("at least", 1.6)))
    if faust := measured.get(STOCK_FAUST):
        throughput = _throughputs(ours, faust)
        figures.append(Figure(OURS, f"{THROUGHPUT}, to {STOCK_FAUST}", "×", throughput, Goal("at least", 25)))
    return figures


def _cpus(these: Rounds, those: Rounds) -> tuple[float, ...]:
    return tuple(a.measured.cpu_us_per_event / b.measured.cpu_us_per_event for a, b in zip(these, those, strict=True))


def _broker_cpus(these: Rounds, those: Rounds) -> tuple[float, ...]:
    pairs = zip(these, those, strict=True)
    return tuple(a.measured.broker_cpu_us_per_event / b.measured.broker_cpu_us_per_event for a, b in pairs)


def _throughputs(these: Rounds, those: Rounds) -> tuple[float, ...]:
    return tuple(a.measured.events_per_second / b.measured.events_per_second for a, b in zip(these, those, strict=True))
