import pytest

from benchmarks.pipeline.latency import delays_of
from benchmarks.pipeline.takeover import first_new


def test_probes_of_the_first_seconds_do_not_count() -> None:
    assert delays_of({"early": 1, "late": 3, "later": 4}, {"early": 9, "late": 5, "later": 4.5}, since=2) == [0.5, 2]


def test_a_probe_that_was_acknowledged_and_never_seen_is_no_figure() -> None:
    with pytest.raises(KeyError):
        delays_of({"lost": 3}, {}, since=2)


def test_the_gap_ends_with_the_first_that_is_new_and_not_with_what_was_under_way() -> None:
    assert first_new({"before": 9, "after": 11, "last": 12}, {"before": 10.5, "after": 15, "last": 14}, since=10) == 4
