"""The metrics of the policy and of the audit log have one place, and each process its own names of them."""

from prometheus_client import CollectorRegistry

from streams.services.api.metrics import ApiMetrics
from streams.services.console.metrics import ConsoleMetrics
from streams.worker.metrics import Metrics

POLICY = {"harmonia_policy_changes", "harmonia_policy_since_seconds"}


def names(registry: CollectorRegistry) -> set[str]:
    return {metric.name for metric in registry.collect()}


def test_each_process_has_the_metrics_of_the_policy_and_of_its_own_audit_log() -> None:
    api, console, worker = (CollectorRegistry() for _ in range(3))
    ApiMetrics(api)
    ConsoleMetrics(console)
    Metrics(worker)
    assert names(api) >= POLICY | {"harmonia_audit_pending_bytes", "harmonia_audit_failures"}
    assert names(console) >= POLICY | {"harmonia_console_audit_pending_bytes", "harmonia_console_audit_failures"}
    assert names(worker) >= POLICY
