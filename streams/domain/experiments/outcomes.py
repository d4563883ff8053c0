"""Outcomes of a person: what happened, sorted once for all experiments of the person, and what it is worth to each.

Every experiment looks at two spans of time, so what lies in a span is looked up and not searched for. Most windows of
one person hold the same outcomes, so each set of them is valued once.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TypeAlias

from msgspec import Struct

from events.experiments.metrics import HAPPENED, METRIC_SPECS, PLACE
from events.fields import MAX_AMOUNT
from streams.domain.contact.contribution import Value
from streams.domain.contact.facts.fact_index import FactIndex
from streams.domain.contact.packed_contribution import Values
from streams.domain.contact.person_view import Overview
from streams.domain.contact.sections.assignments import ExperimentAssignment
from streams.domain.contact.sections.human_hours import HOUR, oldest
from streams.domain.contact.state import NEVER, Consent, Fact, Settled
from streams.domain.experiments.counting_rules import DAY_MS, CountingRule
from streams.domain.human import Judged

NET_AMOUNT = PLACE["net_amount"]
OPENED, CLICKED = PLACE["opened"], PLACE["clicked"]
CONTACTED, SUPPORT = PLACE["contacted"], PLACE["support"]
VOTED, UNSUBSCRIBED = PLACE["voted"], PLACE["unsubscribed"]
MAX_THOUSANDTHS = 1_000
"""Thousandths that opens and clicks count at most."""

_SUPPORTERS = (1, 2)
_LEAVING = METRIC_SPECS[UNSUBSCRIBED].types

OutcomeEntry: TypeAlias = tuple[int, int, int, str]
"""Time (ms), place of the metric, what it is there, and of an amount the currency.

Of amounts the sum counts, of all others the latest."""

MetricValues: TypeAlias = dict[int, int]
"""By the place of the metric what there is; what is not there is 0."""

Span: TypeAlias = tuple[int, int]
"""Where it begins and ends among all that happened: two of them that are equal hold the same."""


class OutcomeTimeline(Struct, frozen=True):
    """All that a person did, in order: the times (ms), and for each of them and for the end what there was before it.

    Of opens and clicks, in thousandths, their sums; of all else, `others`, how many (`others_before`).
    """

    times: list[int]
    opened: list[int]
    clicked: list[int]
    others_before: list[int]
    others: list[OutcomeEntry]

    def span(self, since: int, until: int) -> Span:
        """The span of outcomes from one time (ms) up to, but without, another."""
        return bisect_left(self.times, since), bisect_left(self.times, until)

    def within(self, span: Span, currency: str) -> MetricValues:
        """The values of metrics within a span, with amounts of one currency."""
        first, last = span
        found: MetricValues = {}
        if opened := self.opened[last] - self.opened[first]:
            found[OPENED] = min(opened, MAX_THOUSANDTHS)
        if clicked := self.clicked[last] - self.clicked[first]:
            found[CLICKED] = min(clicked, MAX_THOUSANDTHS)
        for _, place, what, of_currency in self.others[self.others_before[first] : self.others_before[last]]:
            if place != NET_AMOUNT:
                found[place] = what
            elif of_currency == currency:
                found[place] = found.get(place, 0) + what
        return found


_time = itemgetter(0)


def outcome_timeline(known: Overview) -> OutcomeTimeline:
    """The outcomes of a person that experiments measure."""
    done, settled, since = _others(known.found), known.state.settled, oldest(known.state.clock)
    if known.acts:
        done += _acts(known.acts, since)
    if settled.opens_by_hour or settled.clicks_by_hour:
        done += _settled(settled, since)
    done.sort(key=_time)
    return _in_order(done)


def _in_order(done: Sequence[OutcomeEntry]) -> OutcomeTimeline:
    opened, clicked, before = [0], [0], [0]
    others: list[OutcomeEntry] = []
    opens = clicks = 0
    for each in done:
        place = each[1]
        if place == OPENED:
            opens += each[2]
        elif place == CLICKED:
            clicks += each[2]
        else:
            others.append(each)
        opened.append(opens)
        clicked.append(clicks)
        before.append(len(others))
    return OutcomeTimeline([each[0] for each in done], opened, clicked, before, others)


def _acts(acts: Collection[Judged], since: int) -> Iterator[OutcomeEntry]:
    """Opens and clicks that have not settled, none before this hour.

    They count by whole hours, so each is where its hour ends: a span holds it if the hour of its beginning, and not
    that of its end, has come by then.
    """
    for act, milli in acts:
        if (hour := act.time // HOUR) >= since:
            yield _end_of(hour), OPENED if act.kind == "open" else CLICKED, milli, ""


def _settled(settled: Settled, since: int) -> Iterator[OutcomeEntry]:
    """Opens and clicks that have settled, as `_acts` gives the others."""
    for place, by_hour in ((OPENED, settled.opens_by_hour), (CLICKED, settled.clicks_by_hour)):
        for hour, milli in by_hour.items():
            if hour >= since:
                yield _end_of(hour), place, milli, ""


def _end_of(hour: int) -> int:
    return (hour + 1) * HOUR - 1


def _others(found: FactIndex) -> list[OutcomeEntry]:
    others: list[OutcomeEntry] = []
    for fact, report in found.reports:
        if report.outcome == "contacted":
            others.append((fact.time, CONTACTED, 1, ""))
        if report.support is not None:
            others.append((fact.time, SUPPORT, int(report.support in _SUPPORTERS), ""))
    for fact in found.happened:
        for place in HAPPENED[fact.type]:
            others.append((fact.time, place, 1, ""))  # noqa: PERF401 (nearly always one: a list of it takes longer)
    if found.ballots or found.consents:
        others += _words(found)
    if found.gifts or found.refunds:
        others += _money(found)
    return others


def _words(found: FactIndex) -> Iterator[OutcomeEntry]:
    for fact, ballot in found.ballots:
        if ballot.status == "voted":
            yield fact.time, VOTED, 1, ""
    for fact, said in found.consents:
        if fact.type in _LEAVING and _walks_away(fact, said):
            yield fact.time, UNSUBSCRIBED, 1, ""


def _walks_away(fact: Fact, said: Consent) -> bool:
    """Whether it says no, be it to one list or sender alone, since that is harm done to a person too.

    A consent is withdrawn where it closes a channel, as it does for the profile's `email.subscribed`.
    """
    if fact.type == "consent.changed":
        return not said.granted and said.is_of_channel
    return True


def _money(found: FactIndex) -> Iterator[OutcomeEntry]:
    """A refund is at the time of its gift if that is known."""
    for fact, gift in found.gifts.values():
        yield fact.time, NET_AMOUNT, gift.amount, gift.currency
    for fact, refund in found.refunds.values():
        known = found.gifts.get(refund.donation_id or "")
        yield (fact if known is None else known[0]).time, NET_AMOUNT, -refund.amount, refund.currency


CountedAssignment: TypeAlias = tuple[ExperimentAssignment, CountingRule]
"""Somebody in an experiment, and how that is counted."""

_NOTHING: Span = (0, 0)


class OutcomeValues:
    """Values outcomes of one person and remembers them. `values`: each distinct set of values once, in order."""

    __slots__ = ("_earlier", "_found", "_outcomes", "values")

    def __init__(self, outcomes: OutcomeTimeline) -> None:
        self._outcomes = outcomes
        self._earlier: dict[tuple[int, int], Span] = {}
        self._found: dict[tuple[int, int, Span, str, int], int] = {}
        self.values: dict[Values, int] = {}

    def of(self, counted: Iterable[CountedAssignment]) -> bytes:
        """For each assignment the place of its set in `values`, as a byte: there are at most 256 sets."""
        times, found = self._outcomes.times, self._found
        end, since, latest = len(times), times[0] if times else NEVER, times[-1] if times else -NEVER
        places = []
        for each, rule in counted:
            assigned = each.time
            until = assigned + rule.window_ms
            first = 0 if assigned <= since else bisect_left(times, assigned)
            last = end if latest < until else bisect_left(times, until)
            key = first, last, self._before(assigned, rule) if first else _NOTHING, rule.currency, rule.winsorise
            place = found.get(key)
            if place is None:
                values = self._valued(key[:2], key[2], rule)
                place = found[key] = self.values.setdefault(values, len(self.values))
            places.append(place)
        return bytes(places)

    def _before(self, assigned: int, rule: CountingRule) -> Span:
        day, days = assigned // DAY_MS, rule.covariate_days
        earlier = self._earlier.get((day, days))
        if earlier is None:
            earlier = self._earlier[day, days] = self._outcomes.span((day - days) * DAY_MS, day * DAY_MS)
        return earlier

    def _valued(self, window: Span, before: Span, rule: CountingRule) -> Values:
        """The values of metrics that are not all 0, in the order of metrics."""
        after, earlier = self._within(window, rule), self._within(before, rule)
        places = sorted({**after, **earlier}) if earlier else sorted(after)
        values = [_value(place, after.get(place, 0), earlier.get(place, 0), rule.winsorise) for place in places]
        return tuple([value for value in values if value[2] or value[3]])

    def _within(self, span: Span, rule: CountingRule) -> MetricValues:
        return self._outcomes.within(span, rule.currency) if span[0] < span[1] else {}


def _value(place: int, raw: int, x: int, most: int) -> Value:
    if place != NET_AMOUNT:
        return place, raw, x, raw
    raw = max(-MAX_AMOUNT, min(raw, MAX_AMOUNT))
    return place, max(-most, min(raw, most)), max(-most, min(x, most)), raw
