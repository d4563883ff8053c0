"""What a person did, sorted once for all the experiments that the person is in.

Every experiment looks at two spans of it, so what lies in a span is looked up and not searched for.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from itertools import accumulate
from operator import itemgetter
from typing import TypeAlias

from msgspec import Struct

from streams.contact.evidence import Evidence
from streams.contact.hours import HOUR, ByHour, oldest
from streams.contact.overview import Overview
from streams.contact.state import Consent, Fact, Settled
from streams.experiments.metrics import PLACE
from streams.human import Judged

NET_AMOUNT = PLACE["net_amount"]
OPENED, CLICKED = PLACE["opened"], PLACE["clicked"]
CONTACTED, SUPPORT, DONATED = PLACE["contacted"], PLACE["support"], PLACE["donated"]
MOST = 1_000
"""Thousandths that opens and clicks count at most."""

_SUPPORTERS = (1, 2)

Outcome: TypeAlias = tuple[int, int, int, str]
"""Time (ms), place of the metric, what it is there, and of an amount the currency.

Of amounts the sum counts, of all others the latest."""

Found: TypeAlias = dict[int, int]
"""By the place of the metric what there is; what is not there is 0."""

Span: TypeAlias = tuple[int, int, int, int, int, int]
"""Where it begins and ends among the opens, the clicks and all else: two of them that are equal hold the same."""


class Acts(Struct, frozen=True):
    """Of one kind: the hours in order, and what there was in thousandths before each of them and after the last."""

    hours: list[int]
    sums: list[int]


class Outcomes(Struct, frozen=True):
    """Opens, clicks and all else in order, and once more only the times of that."""

    opens: Acts
    clicks: Acts
    times: list[int]
    others: list[Outcome]

    def span(self, since: int, until: int) -> Span:
        """What lies from one time (ms) up to but without another one; of opens and clicks by whole hours."""
        opens, clicks, times = self.opens.hours, self.clicks.hours, self.times
        first, last = since // HOUR, until // HOUR
        opened, opened_until = bisect_left(opens, first), bisect_left(opens, last)
        clicked, clicked_until = bisect_left(clicks, first), bisect_left(clicks, last)
        return opened, opened_until, clicked, clicked_until, bisect_left(times, since), bisect_left(times, until)

    def within(self, span: Span, currency: str) -> Found:
        """All that lies in it; amounts of one currency."""
        first_open, last_open, first_click, last_click, first, last = span
        found: Found = {}
        if first_open < last_open:
            found[OPENED] = min(self.opens.sums[last_open] - self.opens.sums[first_open], MOST)
        if first_click < last_click:
            found[CLICKED] = min(self.clicks.sums[last_click] - self.clicks.sums[first_click], MOST)
        for _, place, what, of_currency in self.others[first:last] if first < last else ():
            if place != NET_AMOUNT:
                found[place] = what
            elif of_currency == currency:
                found[place] = found.get(place, 0) + what
        return found


_NONE = Acts([], [0])
_time = itemgetter(0)


def outcomes(known: Overview) -> Outcomes:
    """All that experiments measure."""
    others = _others(known.found)
    others.sort(key=_time)
    opens, clicks = _by_hour(known.state.settled, known.acts)
    since = oldest(known.state.clock)
    return Outcomes(_of_kind(opens, since), _of_kind(clicks, since), [each[0] for each in others], others)


def _by_hour(settled: Settled, acts: Collection[Judged]) -> tuple[ByHour, ByHour]:
    """Opens and clicks, those that have settled and those that have not."""
    if not acts:
        return settled.opens_by_hour, settled.clicks_by_hour
    opens, clicks = {**settled.opens_by_hour}, {**settled.clicks_by_hour}
    for act, milli in acts:
        by_hour, hour = opens if act.kind == "open" else clicks, act.time // HOUR
        by_hour[hour] = by_hour.get(hour, 0) + milli
    return opens, clicks


def _of_kind(by_hour: ByHour, since: int) -> Acts:
    """None before the hour that is the oldest now, as if all had settled just now."""
    if not by_hour:
        return _NONE
    hours = sorted(by_hour)
    if hours[0] < since:
        hours = hours[bisect_left(hours, since) :]
    return Acts(hours, list(accumulate(map(by_hour.__getitem__, hours), initial=0)))


def _others(found: Evidence) -> list[Outcome]:
    others: list[Outcome] = []
    for fact, report in found.reports:
        if report.outcome == "contacted":
            others.append((fact.time, CONTACTED, 1, ""))
        if report.support is not None:
            others.append((fact.time, SUPPORT, int(report.support in _SUPPORTERS), ""))
    if found.ballots or found.replies or found.consents:
        others += _words(found)
    if found.gifts or found.refunds:
        others += _money(found)
    return others


def _words(found: Evidence) -> Iterator[Outcome]:
    for fact, ballot in found.ballots:
        if ballot.status == "voted":
            yield fact.time, PLACE["voted"], 1, ""
    for fact in found.replies:
        yield fact.time, PLACE["replied"], 1, ""
    for fact, said in found.consents:
        if fact.type == "email.complained":
            yield fact.time, PLACE["complained"], 1, ""
        elif _walks_away(fact, said):
            yield fact.time, PLACE["unsubscribed"], 1, ""


def _walks_away(fact: Fact, said: Consent) -> bool:
    """Whether it says no, be it to one list or sender alone, since that is harm done to a person too.

    A consent is withdrawn where it closes a channel, as it does for the profile's `email.subscribed`.
    """
    if fact.type == "consent.changed":
        return not said.granted and said.list_id is None and said.sender is None
    return True


def _money(found: Evidence) -> Iterator[Outcome]:
    """A refund is at the time of its gift if that is known."""
    for fact, gift in found.gifts.values():
        yield fact.time, DONATED, 1, ""
        yield fact.time, NET_AMOUNT, gift.amount, gift.currency
    for fact, refund in found.refunds.values():
        known = found.gifts.get(refund.donation_id or "")
        yield (fact if known is None else known[0]).time, NET_AMOUNT, -refund.amount, refund.currency
