"""What a person's outcomes are worth to experiments.

Of the experiments of one person most windows hold the same outcomes, so each set of them is looked at once.
"""

from streams.experiments.given import Value
from streams.experiments.outcomes import NET_AMOUNT, Outcomes, Span
from streams.experiments.rules import DAY_MS, Rule


class Valued:
    """Outcomes of one person, and what was asked about them before."""

    __slots__ = ("_earlier", "_found", "_outcomes")

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._earlier: dict[tuple[int, int], Span] = {}
        self._found: dict[tuple[Span, Span, str, int], tuple[Value, ...]] = {}

    def values(self, assigned: int, rule: Rule) -> tuple[Value, ...]:
        """Those that are not all 0 of somebody who is in an experiment since then (ms), in the order of metrics."""
        day = assigned // DAY_MS, rule.covariate_days
        earlier = self._earlier.get(day)
        if earlier is None:
            earlier = self._outcomes.span((day[0] - day[1]) * DAY_MS, day[0] * DAY_MS)
            self._earlier[day] = earlier
        spans = self._outcomes.span(assigned, assigned + rule.window_ms), earlier, rule.currency, rule.winsorise
        found = self._found.get(spans)
        if found is None:
            found = self._found[spans] = self._valued(*spans)
        return found

    def _valued(self, window: Span, before: Span, currency: str, most: int) -> tuple[Value, ...]:
        after, earlier = self._outcomes.within(window, currency), self._outcomes.within(before, currency)
        found = []
        for place in sorted(after.keys() | earlier.keys()):
            raw, x = after.get(place, 0), earlier.get(place, 0)
            y = raw
            if place == NET_AMOUNT:
                y, x = max(-most, min(raw, most)), max(-most, min(x, most))
            if raw or x:
                found.append((place, y, x, raw))
        return tuple(found)
