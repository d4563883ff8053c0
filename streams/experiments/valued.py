"""What a person's outcomes are worth to experiments.

Of the experiments of one person most windows hold the same outcomes, so each set of them is looked at once.
"""

from events.fields import MAX_AMOUNT
from streams.experiments.given import Value
from streams.experiments.outcomes import NET_AMOUNT, Found, Outcomes, Span
from streams.experiments.rules import DAY_MS, Rule


class Valued:
    """Outcomes of one person, and what was asked about them before."""

    __slots__ = ("_earlier", "_outcomes", "_values", "_within")

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._earlier: dict[tuple[int, int], Span] = {}
        self._within: dict[tuple[Span, str], Found] = {}
        self._values: dict[tuple[Span, Span, str, int], tuple[Value, ...]] = {}

    def values(self, assigned: int, rule: Rule) -> tuple[Value, ...]:
        """Those that are not all 0 of somebody who is in an experiment since then (ms), in the order of metrics."""
        day = assigned // DAY_MS, rule.covariate_days
        earlier = self._earlier.get(day)
        if earlier is None:
            earlier = self._outcomes.span((day[0] - day[1]) * DAY_MS, day[0] * DAY_MS)
            self._earlier[day] = earlier
        asked = self._outcomes.span(assigned, assigned + rule.window_ms), earlier, rule.currency, rule.winsorise
        values = self._values.get(asked)
        if values is None:
            values = self._values[asked] = self._valued(*asked)
        return values

    def _valued(self, window: Span, before: Span, currency: str, most: int) -> tuple[Value, ...]:
        after, earlier = self._found(window, currency), self._found(before, currency)
        values = []
        for place in sorted({**after, **earlier}):
            raw, x = after.get(place, 0), earlier.get(place, 0)
            if not raw and not x:
                continue
            if place == NET_AMOUNT:
                raw = max(-MAX_AMOUNT, min(raw, MAX_AMOUNT))
                values.append((place, max(-most, min(raw, most)), max(-most, min(x, most)), raw))
            else:
                values.append((place, raw, x, raw))
        return tuple(values)

    def _found(self, span: Span, currency: str) -> Found:
        found = self._within.get((span, currency))
        if found is None:
            found = self._within[span, currency] = self._outcomes.within(span, currency)
        return found
