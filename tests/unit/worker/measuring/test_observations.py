from prometheus_client import CollectorRegistry, Histogram, generate_latest

from streams.worker.measuring.observations import observe_all

VALUES = [0, 0.5, 1, 1.0000001, 2, 2.5, 3.0, 1e9, 0.5]


def shown(*, at_once: bool) -> str:
    registry = CollectorRegistry()
    child = Histogram("seconds", "Some seconds", ["of"], buckets=(0.5, 1, 2.5), registry=registry).labels("a")
    if at_once:
        observe_all(child, VALUES)
    else:
        for value in VALUES:
            child.observe(value)
    lines = generate_latest(registry).decode().splitlines()
    return "\n".join(line for line in lines if "_created" not in line)


def test_a_histogram_shows_the_same_whether_values_come_at_once_or_one_by_one() -> None:
    assert shown(at_once=True) == shown(at_once=False)
