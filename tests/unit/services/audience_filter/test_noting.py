"""What is written down of a list: how many rows got each answer, and nothing of who they were."""

from collections import Counter

import orjson
import pytest
from pydantic import TypeAdapter

from events.outputs import AuditRecord
from streams.domain.pressure import PermissionRequest, default_policy
from streams.platform import clients
from streams.platform.settings import Settings
from streams.services.audience import Header
from streams.services.audience.header import read_header
from streams.services.audience_filter.audit import record_of, write_down
from streams.services.audience_filter.chunk_filter import FilterJob
from streams.services.audience_filter.filtering import FilterSummary
from tests.unit.events.records import NOW


def job(**settings: str) -> FilterJob:
    header = read_header(["email"])
    assert isinstance(header, Header)
    request = PermissionRequest(channel="email", purpose="fundraising", team="digital", campaign_id="gotv-1")
    return FilterJob(Settings(**settings), default_policy(), header, request, NOW - 5)  # type: ignore[arg-type]


REASONS = Counter({("deny", "unsubscribed"): 7, ("allow", "ok"): 900, ("defer", "team_cap"): 2})


def test_a_list_is_written_down_by_counts_and_reasons_and_without_rows() -> None:
    record = record_of(FilterSummary(909, REASONS), job(), NOW)

    assert TypeAdapter(AuditRecord).validate_python(record)
    assert (record["at"], record["team"], record["what"]) == ("2012-02-22T10:00:00.000Z", "digital", "permission")
    assert (record["channel"], record["purpose"], record["campaign_id"]) == ("email", "fundraising", "gotv-1")
    assert record["policy_version"] == default_policy().version
    assert record["answers"] == []
    assert [tuple(count.values()) for count in record["counts"]] == [
        ("allow", "ok", 900),
        ("defer", "team_cap", 2),
        ("deny", "unsubscribed", 7),
    ]
    assert record["request"] != record_of(FilterSummary(), job(), NOW)["request"]
    assert orjson.dumps(record)


def test_without_kafka_it_is_said_why_nothing_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "BOOTSTRAP_TIMEOUT_S", 0.1)
    nowhere = job(kafka_bootstrap="127.0.0.1:1")

    why = write_down(nowhere, record_of(FilterSummary(1, REASONS), nowhere, NOW))
    assert why is not None
    assert why.startswith("Kafka: ")
