from benchmarks.peers.known import EXACTLY_ONCE, OURS, STOCK_FAUST
from benchmarks.peers.ratios import section
from benchmarks.results import Figure, Section
from tests.unit.benchmarks.measurements import measured


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
