"""Requests of people as a metric: every kind is there from the start, and what was answered is gone from it."""

from datetime import date

from prometheus_client import CollectorRegistry

from events.rights_requests import RIGHTS_KINDS
from streams.domain.rights.forgetting import waiting_by_kind
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.worker.measuring.rights_requests import RightsMetrics

LATE = RightsRequest("aa", "access", "crm.ada", date(2026, 1, 31), date(2026, 2, 28), ())
EARLY = RightsRequest("bb", "access", "crm.bo", date(2026, 2, 28), date(2026, 3, 28), ())


def test_open_and_overdue_requests_are_told_by_kind_until_they_are_closed() -> None:
    registry = CollectorRegistry()
    metrics = RightsMetrics(registry)

    def shown(kind: str, state: str) -> float | None:
        return registry.get_sample_value("harmonia_rights_requests", {"kind": kind, "state": state})

    metrics.tell(waiting_by_kind(RightsDesk({"aa": LATE, "bb": EARLY}, {}), date(2026, 3, 1)))
    assert (shown("access", "open"), shown("access", "overdue")) == (2, 1)
    assert {shown(kind, "overdue") for kind in RIGHTS_KINDS if kind != "access"} == {0}
    metrics.tell(waiting_by_kind(RightsDesk({}, {}), date(2026, 3, 1)))
    assert (shown("access", "open"), shown("access", "overdue")) == (0, 0)
