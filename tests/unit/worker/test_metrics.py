import contextlib

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from streams.worker.metrics import Metrics

PROMISED = {
    "harmonia_interactions_total": {"topic", "outcome"},
    "harmonia_dead_letters_total": {"stage", "reason"},
    "harmonia_duplicates_total": set(),
    "harmonia_unknown_fields_total": {"type"},
    "harmonia_times_ahead_total": {"team"},
    "harmonia_alerts_total": {"rule"},
    "harmonia_mail_reports_total": {"type", "campaign"},
    "harmonia_policy_changes_total": {"outcome"},
    "harmonia_policy_since_seconds": {"version"},
    "harmonia_profiles_cut_total": set(),
    "harmonia_identity_links_total": {"kind"},
    "harmonia_identity_findings_total": {"finding"},
    "harmonia_chunk_seconds": {"agent"},
    "harmonia_end_to_end_seconds": {"sink"},
    "harmonia_lag_records": {"topic", "partition"},
    "harmonia_sink_errors_total": {"sink"},
    "harmonia_sink_refills_total": {"sink"},
    "harmonia_inflow_total": {"team", "type"},
    "harmonia_applied_total": {"type"},
    "harmonia_donations_minor_units_total": {"currency", "flow"},
    "harmonia_canvass_total": {"method", "outcome"},
    "harmonia_human_acts_total": {"act", "change"},
    "harmonia_judged_acts_total": {"act"},
    "harmonia_waiting_seconds": {"topic"},
    "harmonia_stalled_seconds": {"topic", "partition"},
    "harmonia_topic_partitions": {"topic"},
    "harmonia_sink_behind_records": {"sink", "topic", "partition"},
    "harmonia_sink_behind_seconds": {"sink", "topic", "partition"},
    "harmonia_rebalances_total": set(),
    "harmonia_recovery_seconds": set(),
    "harmonia_recovering_seconds": set(),
    "harmonia_recovery_records_to_go": set(),
    "harmonia_transactions_total": {"outcome"},
    "harmonia_transaction_open_seconds": set(),
    "harmonia_transaction_seconds": set(),
    "harmonia_transaction_records": set(),
    "harmonia_fail_stops_total": {"reason"},
    "harmonia_kafka_under_replicated_partitions": set(),
    "harmonia_redis_memory_used_ratio": set(),
    "harmonia_state_disk_used_ratio": set(),
    "harmonia_policy_broken": set(),
    "harmonia_team_expected": {"team"},
    "harmonia_experiments": {"status"},
    "harmonia_experiment_results_total": set(),
    "harmonia_experiment_evaluation_seconds": set(),
    "harmonia_experiment_waiting_seconds": set(),
    "harmonia_experiment_uncounted_total": set(),
    "harmonia_segments": set(),
    "harmonia_segment_changes_total": {"cause"},
    "harmonia_segment_backfill_partitions": set(),
    "harmonia_segment_time_behind_seconds": set(),
}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


def test_the_metrics_and_their_labels_are_those_that_dashboards_use(metrics: Metrics) -> None:
    parts = (metrics, metrics.campaign, metrics.operations, metrics.experiments, metrics.segments, metrics.policy)
    made = [value for part in parts for value in vars(part).values() if isinstance(value, MetricWrapperBase)]
    names = {each._name + ("_total" if each._type == "counter" else ""): set(each._labelnames) for each in made}

    assert names == PROMISED


def test_a_chunk_is_observed_once_it_succeeds(metrics: Metrics) -> None:
    for chunks, error in ((None, RuntimeError()), (1, None)):
        with contextlib.suppress(RuntimeError), metrics.chunk("intake"):
            if error is not None:
                raise error
        assert metrics.registry.get_sample_value("harmonia_chunk_seconds_count", {"agent": "intake"}) == chunks


def test_the_contracts_second_is_a_bucket_of_the_end_to_end_time(metrics: Metrics) -> None:
    metrics.end_to_end_seconds.labels("redis").observe(0.9)

    labels = {"sink": "redis", "le": "1.0"}
    assert metrics.registry.get_sample_value("harmonia_end_to_end_seconds_bucket", labels) == 1
