import pytest
from prometheus_client import CollectorRegistry

from streams.metrics import Metrics

PROMISED = {
    "harmonia_interactions_total": {"topic", "outcome"},
    "harmonia_dead_letters_total": {"stage", "reason"},
    "harmonia_duplicates_total": set(),
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
}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


def test_the_metrics_and_their_labels_are_those_that_dashboards_use(metrics: Metrics) -> None:
    made = [value for value in vars(metrics).values() if value is not metrics.registry]
    names = {each._name + ("_total" if each._type == "counter" else ""): set(each._labelnames) for each in made}

    assert names == PROMISED


def test_a_chunk_that_succeeds_is_observed(metrics: Metrics) -> None:
    with metrics.chunk("intake"):
        pass

    assert metrics.registry.get_sample_value("harmonia_chunk_seconds_count", {"agent": "intake"}) == 1


def test_a_chunk_that_fails_is_not(metrics: Metrics) -> None:
    with pytest.raises(RuntimeError), metrics.chunk("intake"):
        raise RuntimeError

    assert metrics.registry.get_sample_value("harmonia_chunk_seconds_count", {"agent": "intake"}) is None


def test_two_workers_in_one_process_do_not_share_metrics() -> None:
    first, second = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())
    first.duplicates.inc()

    assert second.registry.get_sample_value("harmonia_duplicates_total") == 0


def test_the_contracts_second_is_a_bucket_of_the_end_to_end_time(metrics: Metrics) -> None:
    metrics.end_to_end_seconds.labels("redis").observe(0.9)

    labels = {"sink": "redis", "le": "1.0"}
    assert metrics.registry.get_sample_value("harmonia_end_to_end_seconds_bucket", labels) == 1
