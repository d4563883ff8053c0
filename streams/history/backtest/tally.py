"""What followed each touch, and counts of touches and their people by decision, reason, team, channel and week.

Touches of one person are not independent of each other, people are. So outcomes are counted by person: in each cell
everybody once, with each gift once however many touches it followed. An interval of amounts needs the spread of gifts
without keeping them: each person enters each of many resamples as often as chance has it (a Poisson bootstrap), and the
same person always equally often, so that counts made apart add up to the same whole.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from events.registry import types_that
from streams.domain.contact.facts.fact_index import FactIndex
from streams.domain.contact.state import Key
from streams.domain.pressure import Decision
from streams.history.backtest.touch_history import AskedTouch

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


RESAMPLES = 400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Weights = NDArray[np.float64]


class CellKey(NamedTuple):
    """Which touches a cell counts, by policy, a dimension with its value, and decision.

    `policy`: `new`, `old`, or `both` for the difference between them.
    """

    policy: str
    by: str
    value: str
    verdict: str


@dataclass(slots=True)
class Cell:
    """Counts of one cell. `gave`: people with a gift, `gifts`: theirs, `amounts` by currency in minor units.

    `drawn`: how many people each resample has; `sums`: their amounts, by currency.
    """

    touches: int = 0
    people: int = 0
    gave: int = 0
    left: int = 0
    complained: int = 0
    gifts: int = 0
    amounts: Counter[str] = field(default_factory=Counter)
    drawn: Weights = field(default_factory=lambda: np.zeros(RESAMPLES))
    sums: dict[str, Weights] = field(default_factory=dict)

    def take(self, touches: int, outcome: TouchOutcome, weights: Weights) -> None:
        """Count one person with so many touches."""
        self.touches += touches
        self.people += 1
        self.gave += bool(outcome.gifts)
        self.left += outcome.left
        self.complained += outcome.complained
        self.gifts += len(outcome.gifts)
        self.drawn += weights
        given = Counter[str]()
        for _, currency, amount in outcome.gifts:
            given[currency] += amount
        self.amounts.update(given)
        for currency, amount in given.items():
            self._resampled(currency, weights * amount)

    def add(self, other: "Cell") -> None:
        """Add the counts of other people."""
        for name in ("touches", "people", "gave", "left", "complained", "gifts"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.amounts.update(other.amounts)
        self.drawn += other.drawn
        for currency, sums in other.sums.items():
            self._resampled(currency, sums)

    def _resampled(self, currency: str, sums: Weights) -> None:
        known = self.sums.get(currency)
        self.sums[currency] = sums.copy() if known is None else known + sums


class JudgedTouch(NamedTuple):
    """A touch with the decisions of both policies, and its outcome."""

    send: AskedTouch
    new: Decision
    old: Decision
    outcome: TouchOutcome

    def cell_keys(self) -> list[CellKey]:
        """The key of every cell that counts it."""
        found = [CellKey("both", "change", f"{self.old.decision} → {self.new.decision}", "")]
        for policy, decision in (("new", self.new), ("old", self.old)):
            said = {
                "all": "",
                "reason": decision.reason,
                "team": self.send.request.team,
                "channel": self.send.request.channel,
                "week": week_of(self.send.touch.time),
            }
            found += [CellKey(policy, by, value, decision.decision) for by, value in said.items()]
        return found


def week_of(at: int) -> str:
    """The Monday (UTC) of the week of a time, as a date."""
    day = (_EPOCH + timedelta(milliseconds=at)).date()
    return (day - timedelta(days=day.weekday())).isoformat()


class Tally:
    """All cells of a backtest."""

    def __init__(self) -> None:
        self.cells: dict[CellKey, Cell] = {}

    def take(self, contact_id: str, judged: Iterable[JudgedTouch]) -> None:
        """Count one person."""
        groups: dict[CellKey, list[JudgedTouch]] = {}
        for each in judged:
            for key in each.cell_keys():
                groups.setdefault(key, []).append(each)
        if not groups:
            return
        weights = weights_of(contact_id)
        for key, theirs in groups.items():
            self._cell(key).take(len(theirs), combined(each.outcome for each in theirs), weights)

    def add(self, other: "Tally") -> None:
        """Add what was counted of other people."""
        for key, cell in other.cells.items():
            self._cell(key).add(cell)

    def cell(self, key: CellKey) -> Cell:
        """A cell; an empty one where nothing was counted."""
        return self.cells.get(key) or Cell()

    def values(self, by: str, policies: Sequence[str] = ("new", "old")) -> list[str]:
        """The teams, channels, weeks or reasons that were counted, sorted."""
        return sorted({key.value for key in self.cells if key.by == by and key.policy in policies})

    def _cell(self, key: CellKey) -> Cell:
        return self.cells.setdefault(key, Cell())


def weights_of(contact_id: str) -> Weights:
    """How often a person is in each resample: always the same for the same person."""
    chance = np.random.default_rng(crc32(contact_id.encode()))
    return chance.poisson(1.0, RESAMPLES).astype(np.float64)
