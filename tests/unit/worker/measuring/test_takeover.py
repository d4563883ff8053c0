from pathlib import Path

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from streams.platform.errors import Fenced
from streams.worker.measuring.operations import StandingMetrics
from streams.worker.measuring.takeover import TakeOvers

CHANGELOG = TP("harmonia-contacts-changelog", 0)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def taking(registry: CollectorRegistry, tmp_path: Path) -> TakeOvers:
    return TakeOvers(StandingMetrics(registry), tmp_path)


def test_a_take_over_is_shown_while_it_lasts(registry: CollectorRegistry, taking: TakeOvers) -> None:
    taking.taking_over()
    taking.to_go(CHANGELOG, 10)
    taking.to_go(TP(CHANGELOG.topic, 1), 5)
    assert registry.get_sample_value("harmonia_recovery_records_to_go") == 15
    assert (registry.get_sample_value("harmonia_recovering_seconds") or 0) > 0

    taking.taken_over()
    assert registry.get_sample_value("harmonia_recovery_records_to_go") == 0
    assert registry.get_sample_value("harmonia_recovering_seconds") == 0
    assert registry.get_sample_value("harmonia_recovery_seconds_count") == 1


def test_one_that_begins_again_before_it_has_ended_is_one_recovery(
    registry: CollectorRegistry, taking: TakeOvers
) -> None:
    taking.taking_over()
    taking.taking_over()
    taking.taken_over()

    assert registry.get_sample_value("harmonia_rebalances_total") == 2
    assert registry.get_sample_value("harmonia_recovery_seconds_count") == 1


def test_the_next_process_shows_why_the_last_one_ended(tmp_path: Path, taking: TakeOvers) -> None:
    taking.failed(Fenced("others"))
    registry = CollectorRegistry()
    TakeOvers(StandingMetrics(registry), tmp_path)

    assert registry.get_sample_value("harmonia_fail_stops_total", {"reason": "fenced"}) == 1
    assert registry.get_sample_value("harmonia_fail_stops_total", {"reason": "other"}) == 0
