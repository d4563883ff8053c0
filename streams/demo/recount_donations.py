"""The oracle's recount of `donations`: gifts, refunds, pledges and committees."""

from streams.demo.recount import CountedEvent, Profile, of_type, text_of

Money = dict[str, int]


def donations(told: list[CountedEvent]) -> Profile:
    """The section `donations`: gifts and refunds with their pledges and committees."""
    gifts, refunds = of_type(told, "donation.made"), of_type(told, "donation.refunded")
    gross, refunded = _sums(gifts), _sums(refunds)
    return {
        "count": len(gifts),
        "gross": {currency: gross.get(currency, 0) for currency in gross | refunded},
        "refunded": {currency: refunded.get(currency, 0) for currency in gross | refunded},
        "net": _less(gross, refunded),
        "first_at": text_of(gifts[0].at) if gifts else None,
        "last_at": text_of(gifts[-1].at) if gifts else None,
        "pledges": _pledges(told),
        "by_committee": _by_committee(gifts, refunds),
    }


def _sums(these: list[CountedEvent]) -> Money:
    sums: Money = {}
    for one in these:
        currency = one.fields["currency"]
        sums[currency] = sums.get(currency, 0) + one.fields["amount"]
    return sums


def _less(gross: Money, refunded: Money) -> Money:
    return {currency: gross.get(currency, 0) - refunded.get(currency, 0) for currency in gross | refunded}


def _by_committee(gifts: list[CountedEvent], refunds: list[CountedEvent]) -> dict[str, Profile]:
    """A refund without a committee takes that of its gift; money with neither is in none."""
    gift_of = {gift.fields["donation_id"]: gift for gift in gifts}
    made: dict[str, list[CountedEvent]] = {}
    returned: dict[str, list[CountedEvent]] = {}
    for gift in gifts:
        committee = gift.fields.get("committee")
        if committee is not None:
            made.setdefault(committee, []).append(gift)
    for refund in refunds:
        committee = refund.fields.get("committee")
        gift_given_back = gift_of.get(refund.fields.get("donation_id") or "")
        if committee is None and gift_given_back is not None:
            committee = gift_given_back.fields.get("committee")
        if committee is not None:
            returned.setdefault(committee, []).append(refund)
    found: dict[str, Profile] = {}
    for committee in made | returned:
        given, back = made.get(committee, []), returned.get(committee, [])
        found[committee] = {
            "net": _less(_sums(given), _sums(back)),
            "last_at": text_of(given[-1].at) if given else None,
            "elections": _elections(given, back, gift_of),
        }
    return found


def _elections(
    given: list[CountedEvent], back: list[CountedEvent], gift_of: dict[str, CountedEvent]
) -> dict[str, Money]:
    """The net of one committee by election. A refund is in that of its gift, whatever committee the gift was for."""
    made: dict[str, list[CountedEvent]] = {}
    returned: dict[str, list[CountedEvent]] = {}
    for gift in given:
        election = gift.fields.get("election")
        if election is not None:
            made.setdefault(election, []).append(gift)
    for refund in back:
        gift_given_back = gift_of.get(refund.fields.get("donation_id") or "")
        election = gift_given_back.fields.get("election") if gift_given_back is not None else None
        if election is not None:
            returned.setdefault(election, []).append(refund)
    return {name: _less(_sums(made.get(name, [])), _sums(returned.get(name, []))) for name in made | returned}


def _pledges(told: list[CountedEvent]) -> list[Profile]:
    """Status by the latest news, amount and currency by the latest gift, period by the latest gift that has one."""
    statuses = {
        "donation.made": "active",
        "donation.charge_failed": "failing",
        "donation.pledge_cancelled": "cancelled",
    }
    found: dict[str, Profile] = {}
    for one in told:
        pledge_id = one.fields.get("pledge_id")
        if pledge_id is None or one.type not in statuses:
            continue
        pledge = found.setdefault(pledge_id, {"id": pledge_id, "amount": None, "currency": None, "period": None})
        pledge["status"] = statuses[one.type]
        if one.type == "donation.made":
            pledge["amount"] = one.fields["amount"]
            pledge["currency"] = one.fields["currency"]
            pledge["period"] = one.fields.get("period") or pledge["period"]
    return [found[pledge_id] for pledge_id in sorted(found)]
