"""Promises to give again: what a pledge is worth is told by its gifts, how it stands by whatever came last."""

from collections.abc import Iterable

from events.outputs import Pledge
from streams.domain.contact.facts.event_order import Stamp
from streams.domain.contact.state import Fact, Gift, PledgeChange


def pledges(gifts: Iterable[tuple[Fact, Gift]], changes: Iterable[tuple[Fact, PledgeChange]]) -> list[Pledge]:
    """By id. `gifts` and `changes` are each in order."""
    known: dict[str, Pledge] = {}
    paid: dict[str, Stamp] = {}
    for fact, gift in gifts:
        if gift.pledge_id is not None:
            known[gift.pledge_id] = _active(gift, gift.pledge_id, known.get(gift.pledge_id))
            paid[gift.pledge_id] = fact.stamp
    for fact, change in changes:
        pledge = known.setdefault(change.pledge_id, _unpaid(change.pledge_id))
        if change.pledge_id not in paid or fact.stamp > paid[change.pledge_id]:
            pledge["status"] = "cancelled" if fact.type == "donation.pledge_cancelled" else "failing"
    return [known[pledge_id] for pledge_id in sorted(known)]


def _active(gift: Gift, pledge_id: str, before: Pledge | None) -> Pledge:
    period = gift.period
    if period is None and before is not None:
        period = before["period"]
    return {
        "id": pledge_id,
        "amount": gift.amount,
        "currency": gift.currency,
        "period": period,
        "status": "active",
    }


def _unpaid(pledge_id: str) -> Pledge:
    return {"id": pledge_id, "amount": None, "currency": None, "period": None, "status": "failing"}
