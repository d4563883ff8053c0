from benchmarks.destinations.suite import DEAD, QUICK, WELL, Found, section
from benchmarks.results import Figure


def the(figures: tuple[Figure, ...], subject: str, name: str) -> Figure:
    [figure] = [each for each in figures if (each.subject, each.name) == (subject, name)]
    return figure


def test_ratios_are_taken_within_a_round_and_say_whether_dead_destinations_slow_others() -> None:
    """What slows a whole round down slows both, and must not show."""
    rounds = [
        {WELL: Found(100.0, 5_000.0, 50.0, 10.0), DEAD: Found(125.0, 4_000.0, 100.0, 5.0)},
        {WELL: Found(400.0, 1_000.0, 200.0, 40.0), DEAD: Found(500.0, 800.0, 400.0, 20.0)},
    ]
    found = section(rounds, QUICK).figures
    assert the(found, WELL, "CPU of the worker").values == (100.0, 400.0)
    assert the(found, DEAD, "throughput of the worker").values == (4_000.0, 800.0)
    cpu = the(found, DEAD, "CPU of the worker, to that with all well")
    throughput = the(found, DEAD, "throughput of the worker, to that with all well")
    assert (cpu.values, cpu.reached) == ((1.25, 1.25), False)
    assert (throughput.values, throughput.reached) == ((0.8, 0.8), False)
    assert the(found, DEAD, "from acknowledgement to Redis, p99, to that with all well").values == (2.0, 2.0)
    assert the(found, DEAD, "from a change to its request, p99, to that with all well").values == (0.5, 0.5)
