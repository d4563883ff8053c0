"""What a person's outcomes are worth to experiments.

Of the experiments of one person most windows hold the same outcomes, so each set of them is looked at once.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import TypeAlias

from events.fields import MAX_AMOUNT
from streams.domain.contact.contribution import Value
from streams.domain.contact.packed_contribution import Values
from streams.domain.contact.sections.assignments import Assigned
from streams.domain.contact.state import NEVER
from streams.domain.experiments.counting_rules import DAY_MS, Rule
from streams.domain.experiments.outcomes import NET_AMOUNT, Found, Outcomes, Span

ByRule: TypeAlias = tuple[Assigned, Rule]
"""Somebody in an experiment, and how that is counted."""

_NOTHING: Span = (0, 0)


class Valued:
    """Outcomes of one person, and what was asked about them before. `values`: what came of it, each once, in order."""

    __slots__ = ("_earlier", "_found", "_outcomes", "values")

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._earlier: dict[tuple[int, int], Span] = {}
        self._found: dict[tuple[int, int, Span, str, int], int] = {}
        self.values: dict[Values, int] = {}

    def of(self, counted: Iterable[ByRule]) -> bytes:
        """Of each of them, which of `values` are theirs; there may be 256 of those."""
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

    def _before(self, assigned: int, rule: Rule) -> Span:
        day, days = assigned // DAY_MS, rule.covariate_days
        earlier = self._earlier.get((day, days))
        if earlier is None:
            earlier = self._earlier[day, days] = self._outcomes.span((day - days) * DAY_MS, day * DAY_MS)
        return earlier

    def _valued(self, window: Span, before: Span, rule: Rule) -> Values:
        """Those that are not all 0, in the order of metrics."""
        after, earlier = self._within(window, rule), self._within(before, rule)
        places = sorted({**after, **earlier}) if earlier else sorted(after)
        values = [_value(place, after.get(place, 0), earlier.get(place, 0), rule.winsorise) for place in places]
        return tuple([value for value in values if value[2] or value[3]])

    def _within(self, span: Span, rule: Rule) -> Found:
        return self._outcomes.within(span, rule.currency) if span[0] < span[1] else {}


def _value(place: int, raw: int, x: int, most: int) -> Value:
    if place != NET_AMOUNT:
        return place, raw, x, raw
    raw = max(-MAX_AMOUNT, min(raw, MAX_AMOUNT))
    return place, max(-most, min(raw, most)), max(-most, min(x, most)), raw
