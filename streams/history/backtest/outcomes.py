"""What followed a touch within some days: gifts, opt-outs and complaints."""

from collections.abc import Iterable
from typing import NamedTuple

from events.registry import types_that
from streams.domain.contact.facts.fact_index import Evidence
from streams.domain.contact.state import Key

DAY = 86_400_000
LEFT = types_that(lambda spec: spec.stop_reason not in {None, "complained"})
"""Types by which a person leaves, where they refuse; of any channel, list or sender."""


class TouchOutcome(NamedTuple):
    """What followed.

    `gifts`: key, currency and amount in minor units of each. `left`, `complained`: whether it happened.
    """

    gifts: frozenset[tuple[Key, str, int]] = frozenset()
    left: bool = False
    complained: bool = False


class OutcomeIndex:
    """Looks up what followed a touch within `window` ms. A later instalment of a pledge follows nothing."""

    def __init__(self, found: Evidence, window: int) -> None:
        self._window = window
        self._gifts = [
            (fact.time, (fact.key, gift.currency, gift.amount))
            for fact, gift in found.gifts.values()
            if not gift.automatic
        ]
        refusals = [fact for fact, consent in found.consents if not consent.granted]
        self._left = [fact.time for fact in refusals if fact.type in LEFT]
        self._complained = [fact.time for fact in refusals if fact.type == "email.complained"]

    def of(self, at: int) -> TouchOutcome:
        """What came after a touch at that time, within the window."""
        end = at + self._window
        gifts = frozenset(gift for time, gift in self._gifts if at < time <= end)
        return TouchOutcome(
            gifts, any(at < time <= end for time in self._left), any(at < time <= end for time in self._complained)
        )


def combined(outcomes: Iterable[TouchOutcome]) -> TouchOutcome:
    """The outcome of several touches of one person: each gift once."""
    found = list(outcomes)
    gifts = frozenset().union(*(each.gifts for each in found))
    return TouchOutcome(gifts, any(each.left for each in found), any(each.complained for each in found))
