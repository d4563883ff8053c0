"""What a person did, sorted once for all the experiments that the person is in."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from streams.contact.hours import HOUR, ByHour, oldest
from streams.contact.overview import Overview
from streams.contact.state import Consent, Fact
from streams.experiments.metrics import PLACE
from streams.experiments.series import Latest, Marks, Series, Sums
from streams.human import Judged
from streams.human.known import Kind

_MOST = 1_000
"""Thousandths that opens and clicks count at most."""

_SUPPORTERS = (1, 2)


class Outcomes(Struct, frozen=True):
    """By the place of the metric; one that nothing is known of is absent. `acts` count by whole hours.

    `money`: by currency what was given less what went back, each refund at the time of its gift.
    """

    acts: list[tuple[int, Series]]
    facts: list[tuple[int, Series]]
    money: dict[str, Series]


def outcomes(known: Overview) -> Outcomes:
    """All that experiments measure."""
    return Outcomes(list(_acts(known)), [*_reports(known), *_others(known)], _money(known))


def _acts(known: Overview) -> Iterator[tuple[int, Series]]:
    """None before the hour that is the oldest now, as if all had settled just now."""
    settled, since = known.state.settled, oldest(known.state.clock)
    if opens := [*_live(known.acts, "open", since), *_settled(settled.opens_by_hour, since)]:
        yield PLACE["opened"], Sums(opens, _MOST)
    if clicks := [*_live(known.acts, "click", since), *_settled(settled.clicks_by_hour, since)]:
        yield PLACE["clicked"], Sums(clicks, _MOST)


def _live(acts: Iterable[Judged], kind: Kind, since: int) -> Iterator[tuple[int, int]]:
    return ((act.time, milli) for act, milli in acts if act.kind == kind and act.time // HOUR >= since)


def _settled(hours: ByHour, since: int) -> Iterator[tuple[int, int]]:
    return ((hour * HOUR, milli) for hour, milli in hours.items() if hour >= since)


def _reports(known: Overview) -> Iterator[tuple[int, Series]]:
    found = known.found
    if found.reports:
        if contacts := [fact.time for fact, report in found.reports if report.outcome == "contacted"]:
            yield PLACE["contacted"], Marks(contacts)
        rated = [(fact.time, report.support) for fact, report in found.reports if report.support is not None]
        if rated:
            yield PLACE["support"], Latest([time for time, _ in rated], [said in _SUPPORTERS for _, said in rated])
    if voted := [fact.time for fact, ballot in found.ballots if ballot.status == "voted"]:
        yield PLACE["voted"], Marks(voted)


def _others(known: Overview) -> Iterator[tuple[int, Series]]:
    found = known.found
    if found.replies:
        yield PLACE["replied"], Marks([fact.time for fact in found.replies])
    if found.gifts:
        yield PLACE["donated"], Marks([fact.time for fact, _ in found.gifts.values()])
    if found.consents:
        if left := [fact.time for fact, said in found.consents if _leaves(fact, said)]:
            yield PLACE["unsubscribed"], Marks(left)
        if complained := [fact.time for fact, _ in found.consents if fact.type == "email.complained"]:
            yield PLACE["complained"], Marks(complained)


def _leaves(fact: Fact, said: Consent) -> bool:
    """Whether somebody walked away: by a word that says so, be it to one list or sender alone, since that is harm too.

    A withdrawn consent says so where it closes a channel, as it does for the profile's `email.subscribed`.
    """
    if fact.type == "consent.changed":
        return not said.granted and said.list_id is None and said.sender is None
    return fact.type != "email.complained"


def _money(known: Overview) -> dict[str, Series]:
    found = known.found
    if not (found.gifts or found.refunds):
        return {}
    amounts: dict[str, list[tuple[int, int]]] = {}
    for fact, gift in found.gifts.values():
        amounts.setdefault(gift.currency, []).append((fact.time, gift.amount))
    for fact, refund in found.refunds.values():
        known_gift = found.gifts.get(refund.donation_id or "")
        time = fact.time if known_gift is None else known_gift[0].time
        amounts.setdefault(refund.currency, []).append((time, -refund.amount))
    return {currency: Sums(each) for currency, each in amounts.items()}
