"""What a worker does about requests beside its agents: of years of them it looks at a few at a time.

As a metric every kind is there from the start, and what was answered is gone from it.
"""

from datetime import date

from prometheus_client import CollectorRegistry

from events.rights_requests import RIGHTS_KINDS
from streams.domain.rights.forgetting import waiting_by_kind
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.domain.rights.steps import RequestClosed, RequestOpened, step_record
from streams.worker.measuring.rights_requests import RightsMetrics
from streams.worker.rights_monitor import CLOSED_AT_ONCE, FollowedDesk, ids_to_ask

DAY = date(2026, 2, 2)
AT = "2026-02-02T10:00:00.000Z"


def test_the_desk_is_folded_anew_only_where_a_record_came() -> None:
    followed = FollowedDesk()
    assert followed.desk().requests == {}
    followed.take(*step_record("aa", "1", RequestOpened(on=DAY, at=AT, by="a", kind="access", received=DAY)))
    opened = followed.desk()
    assert followed.desk() is opened
    followed.take(*step_record("aa", "2", RequestClosed(on=DAY, at=AT, by="a", outcome="granted")))
    assert (opened.requests["aa"].closed, followed.desk().requests["aa"].closed) == (None, DAY)
    for step in ("aa/1", "aa/2"):
        followed.take(step.encode(), None)
    assert followed.desk().requests == {}


def test_redis_is_asked_each_time_of_what_is_open_and_in_turn_of_all_that_is_closed() -> None:
    def request(name: str, closed: date | None) -> RightsRequest:
        return RightsRequest(name, "access", f"crm.{name}", DAY, DAY, (), closed=closed)

    names = [f"closed{number}" for number in range(2 * CLOSED_AT_ONCE + 1)]
    there = [request("open", None), *(request(name, DAY) for name in names)]
    desk = RightsDesk({one.id: one for one in there}, {})
    asked = [ids_to_ask(desk, turn) for turn in (7, 8, 9)]
    assert [("crm.open" in ids, len(ids) <= CLOSED_AT_ONCE + 1) for ids in asked] == [(True, True)] * 3
    assert {*asked[0], *asked[1], *asked[2]} == {f"crm.{one.id}" for one in there}
    assert ids_to_ask(RightsDesk({"open": there[0]}, {}), 7) == ["crm.open"]


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
