"""Money: what was given, what went back, and to which committee."""

from events.outputs import CommitteeTotal, DonationProfile, Money
from events.times import render_time
from streams.contact.evidence import Evidence
from streams.contact.pledges import pledges
from streams.contact.state import Refund

NOTHING: DonationProfile = {
    "count": 0,
    "gross": {},
    "refunded": {},
    "net": {},
    "first_at": None,
    "last_at": None,
    "pledges": [],
    "by_committee": {},
}
"""The profile's `donations` of most people; one for all, so not to be changed."""


def donations(found: Evidence) -> DonationProfile:
    """The profile's `donations`. Each of the three sums shows every currency that is in any of them."""
    if not (found.gifts or found.refunds or found.pledge_changes):
        return NOTHING
    gross: Money = {}
    refunded: Money = {}
    for _, gift in found.gifts.values():
        _count(gross, gift.currency, gift.amount)
        _count(refunded, gift.currency, 0)
    for refund in found.refunds.values():
        _count(gross, refund.currency, 0)
        _count(refunded, refund.currency, refund.amount)
    times = [fact.time for fact, _ in found.gifts.values()]
    return {
        "count": len(times),
        "gross": gross,
        "refunded": refunded,
        "net": {currency: amount - refunded[currency] for currency, amount in gross.items()},
        "first_at": render_time(times[0]) if times else None,
        "last_at": render_time(times[-1]) if times else None,
        "pledges": pledges(found.gifts.values(), found.pledge_changes),
        "by_committee": _by_committee(found),
    }


def _by_committee(found: Evidence) -> dict[str, CommitteeTotal]:
    nets: dict[str, Money] = {}
    last: dict[str, int] = {}
    for fact, gift in found.gifts.values():
        if gift.committee is not None:
            _count(nets.setdefault(gift.committee, {}), gift.currency, gift.amount)
            last[gift.committee] = fact.time
    for refund in found.refunds.values():
        committee = _committee(refund, found)
        if committee is not None:
            _count(nets.setdefault(committee, {}), refund.currency, -refund.amount)
    return {
        committee: {"net": net, "last_at": render_time(last[committee]) if committee in last else None}
        for committee, net in nets.items()
    }


def _committee(refund: Refund, found: Evidence) -> str | None:
    """Its own, else that of its gift."""
    if refund.committee is not None or refund.donation_id is None:
        return refund.committee
    known = found.gifts.get(refund.donation_id)
    return None if known is None else known[1].committee


def _count(sums: Money, currency: str, amount: int) -> None:
    sums[currency] = sums.get(currency, 0) + amount
