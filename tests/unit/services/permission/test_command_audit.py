"""What commands write into `audit-log`, and the metrics of the audit log and the policy in each process."""

from collections import Counter

import orjson
import pytest
from prometheus_client import CollectorRegistry
from pydantic import TypeAdapter

from events.outputs import AuditRecord
from streams.domain.pressure import PermissionRequest
from streams.platform import clients
from streams.platform.settings import Settings
from streams.services.api.metrics import ApiMetrics
from streams.services.console.metrics import ConsoleMetrics
from streams.services.permission.command_audit import list_record, permission_record, send_record
from streams.worker.metrics import Metrics
from tests.unit.events.records import NOW

REQUEST = PermissionRequest(channel="email", purpose="fundraising", team="digital", campaign_id="gotv-1")
COUNTS = Counter({("deny", "unsubscribed"): 7, ("allow", "ok"): 900, ("defer", "team_cap"): 2})


def test_a_list_is_recorded_by_counts_and_reasons_and_without_rows() -> None:
    record = list_record(REQUEST, "policy-1", NOW, COUNTS)

    assert TypeAdapter(AuditRecord).validate_python(record)
    assert (record["at"], record["team"], record["what"]) == ("2012-02-22T10:00:00.000Z", "digital", "permission")
    assert (record["channel"], record["purpose"], record["campaign_id"]) == ("email", "fundraising", "gotv-1")
    assert record["policy_version"] == "policy-1"
    assert record["answers"] == []
    assert [tuple(count.values()) for count in record["counts"]] == [
        ("allow", "ok", 900),
        ("defer", "team_cap", 2),
        ("deny", "unsubscribed", 7),
    ]
    assert record["request"] != list_record(REQUEST, "policy-1", NOW, {})["request"]
    assert orjson.dumps(record)


@pytest.mark.parametrize("automatic", [True, False])
def test_it_is_recorded_whether_a_machine_was_to_call_where_that_was_said(automatic: bool) -> None:
    """Whether a call was allowed as somebody's own or as a machine's decides by which conditions it was."""
    said = PermissionRequest(channel="phone", purpose="mobilisation", team="field", automatic=automatic)
    for record in (list_record(said, "policy-1", NOW, COUNTS), permission_record(said, "policy-1", NOW)):
        assert record["automatic"] is automatic
        assert TypeAdapter(AuditRecord).validate_python(record)
    assert "automatic" not in permission_record(REQUEST, "policy-1", NOW)


def test_an_answer_about_one_person_is_recorded_as_the_api_records_it() -> None:
    record = permission_record(
        REQUEST, "policy-1", NOW, [{"contact_id": "c1", "decision": "defer", "reason": "team_cap"}]
    )

    assert TypeAdapter(AuditRecord).validate_python(record)
    assert record["answers"] == [{"contact_id": "c1", "decision": "defer", "reason": "team_cap"}]
    assert "counts" not in record


def test_without_kafka_sending_a_record_says_why_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "BOOTSTRAP_TIMEOUT_S", 0.1)
    nowhere = Settings(kafka_bootstrap="127.0.0.1:1")

    why = send_record(nowhere, list_record(REQUEST, "policy-1", NOW, COUNTS))
    assert why is not None
    assert why.startswith("Kafka: ")


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
