from pathlib import Path
from types import SimpleNamespace

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from streams.platform.errors import Fenced, StateLost
from streams.worker.measuring.takeover import TakeoverMetrics, fail_stops, note_fail_stop
from streams.worker.metrics import OperationsMetrics


def test_each_fail_stop_is_counted_by_its_reason_also_after_the_file_was_broken(tmp_path: Path) -> None:
    assert fail_stops(tmp_path) == {"fenced": 0, "state_lost": 0, "other": 0}
    (tmp_path / "fail-stops.json").write_bytes(b'{"fenced": "two"')
    for error in (Fenced("others"), Fenced("again"), StateLost("gone"), OSError("a disk")):
        note_fail_stop(tmp_path, error)
    assert fail_stops(tmp_path) == {"fenced": 2, "state_lost": 1, "other": 1}


def test_a_directory_that_cannot_be_written_keeps_nobody(tmp_path: Path) -> None:
    note_fail_stop(tmp_path / "gone", Fenced("others"))


CHANGELOG = TP("harmonia-contacts-changelog", 0)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def taking(registry: CollectorRegistry, tmp_path: Path) -> TakeoverMetrics:
    return TakeoverMetrics(OperationsMetrics(registry), tmp_path)


def test_a_take_over_is_shown_while_it_lasts(registry: CollectorRegistry, taking: TakeoverMetrics) -> None:
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
    registry: CollectorRegistry, taking: TakeoverMetrics
) -> None:
    taking.taking_over()
    taking.taking_over()
    taking.taken_over()

    assert registry.get_sample_value("harmonia_rebalances_total") == 2
    assert registry.get_sample_value("harmonia_recovery_seconds_count") == 1


def test_a_transaction_is_shown_while_it_is_open_or_tried_again(
    registry: CollectorRegistry, taking: TakeoverMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 107.0])
    monkeypatch.setattr("streams.worker.measuring.takeover.time", SimpleNamespace(monotonic=clock.__next__))
    taking.waits_for_transaction()
    taking.transaction_ended("trouble", 0.0, 0)
    taking.waits_for_transaction()
    assert registry.get_sample_value("harmonia_transaction_open_seconds") == 7

    taking.waits_no_more()
    taking.transaction_ended("committed", 0.03, 40)
    assert registry.get_sample_value("harmonia_transaction_open_seconds") == 0
    assert registry.get_sample_value("harmonia_transactions_total", {"outcome": "trouble"}) == 1
    assert registry.get_sample_value("harmonia_transactions_total", {"outcome": "committed"}) == 1
    assert registry.get_sample_value("harmonia_transaction_seconds_sum") == 0.03
    assert registry.get_sample_value("harmonia_transaction_records_sum") == 40


def test_the_next_process_shows_why_the_last_one_ended(tmp_path: Path, taking: TakeoverMetrics) -> None:
    taking.failed(Fenced("others"))
    registry = CollectorRegistry()
    TakeoverMetrics(OperationsMetrics(registry), tmp_path)

    assert registry.get_sample_value("harmonia_fail_stops_total", {"reason": "fenced"}) == 1
    assert registry.get_sample_value("harmonia_fail_stops_total", {"reason": "other"}) == 0
