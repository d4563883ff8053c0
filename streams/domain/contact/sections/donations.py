"""Money: what was given, what went back, and to which committee."""

from events.outputs import CommitteeTotal, DonationProfile, Money
from events.times import render_time
from streams.domain.contact.facts.fact_index import FactIndex
from streams.domain.contact.sections.pledges import pledges

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


def donations(found: FactIndex) -> DonationProfile:
    """The profile's `donations`. Each of the three sums shows every currency that is in any of them."""
    if not (found.gifts or found.refunds or found.pledge_changes):
        return NOTHING
    gross: Money = {}
    refunded: Money = {}
    for _, gift in found.gifts.values():
        _count(gross, gift.currency, gift.amount)
        _count(refunded, gift.currency, 0)
    for _, refund in found.refunds.values():
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


def _by_committee(found: FactIndex) -> dict[str, CommitteeTotal]:
    totals: dict[str, CommitteeTotal] = {}
    for fact, gift in found.gifts.values():
        if gift.committee is not None:
            total = _add(totals, gift.committee, gift.election, gift.currency, gift.amount)
            total["last_at"] = render_time(fact.time)
    for _, refund in found.refunds.values():
        gift_of = None if refund.donation_id is None else found.gifts.get(refund.donation_id)
        committee, election = refund.committee, None
        if gift_of is not None:
            committee, election = committee or gift_of[1].committee, gift_of[1].election
        if committee is not None:
            _add(totals, committee, election, refund.currency, -refund.amount)
    return totals


def _add(
    totals: dict[str, CommitteeTotal], committee: str, election: str | None, currency: str, amount: int
) -> CommitteeTotal:
    """Count it in the committee's total, and in that of the election if one is known."""
    total = totals.get(committee)
    if total is None:
        total = totals[committee] = {"net": {}, "last_at": None, "elections": {}}
    _count(total["net"], currency, amount)
    if election is not None:
        _count(total["elections"].setdefault(election, {}), currency, amount)
    return total


def _count(sums: Money, currency: str, amount: int) -> None:
    sums[currency] = sums.get(currency, 0) + amount
