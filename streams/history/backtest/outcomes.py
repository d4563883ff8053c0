"""What became of somebody within some days after a touch: gifts, and words that they want no more."""

from collections.abc import Iterable
from typing import NamedTuple

from events.registry import types_that
from streams.domain.contact.facts.fact_index import FactIndex
from streams.domain.contact.state import Key

DAY = 86_400_000
LEFT = types_that(lambda spec: spec.stop_reason not in {None, "complained"})
"""Types by which somebody leaves, where they refuse; of whatever channel, list or sender."""


class Outcome(NamedTuple):
    """`gifts`: each with its currency and amount in minor units. `left` and `complained`: who did so at all."""

    gifts: frozenset[tuple[Key, str, int]] = frozenset()
    left: bool = False
    complained: bool = False


class Afterwards:
    """Looks up what followed. `window`: ms; a later instalment of a pledge is charged by itself and follows nothing."""

    def __init__(self, found: FactIndex, window: int) -> None:
        self._window = window
        self._gifts = [
            (fact.time, (fact.key, gift.currency, gift.amount))
            for fact, gift in found.gifts.values()
            if not gift.automatic
        ]
        refusals = [fact for fact, consent in found.consents if not consent.granted]
        self._left = [fact.time for fact in refusals if fact.type in LEFT]
        self._complained = [fact.time for fact in refusals if fact.type == "email.complained"]

    def of(self, at: int) -> Outcome:
        """What came later than a touch at that time, within the window."""
        end = at + self._window
        gifts = frozenset(gift for time, gift in self._gifts if at < time <= end)
        return Outcome(
            gifts, any(at < time <= end for time in self._left), any(at < time <= end for time in self._complained)
        )


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """Of several touches of one person: each gift once."""
    found = list(outcomes)
    gifts = frozenset().union(*(each.gifts for each in found))
    return Outcome(gifts, any(each.left for each in found), any(each.complained for each in found))
