"""Counts of touches and of the people behind them, by decision and by whatever else one asks.

Touches of one person are not independent of each other, people are. So what became of them is counted by person: in
each cell everybody once, with each gift once however many touches it followed. An interval of money needs to know how
gifts are spread without keeping them: each person enters each of many resamples as often as chance has it (a Poisson
bootstrap), and the same person always as often, so that parts add up to the same whole whoever counted them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from streams.domain.pressure import Decision
from streams.history.backtest.outcomes import Outcome, together
from streams.history.backtest.touch_history import Send

RESAMPLES = 400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Weights = NDArray[np.float64]


class Place(NamedTuple):
    """Which touches: under which policy (`new`, `old`; `both`: how the two differ), by what, and what was decided."""

    policy: str
    by: str
    value: str
    verdict: str


@dataclass(slots=True)
class Cell:
    """`gave`: people with a gift, `gifts`: theirs, `amounts` by currency in minor units.

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

    def take(self, touches: int, outcome: Outcome, weights: Weights) -> None:
        """One person, with so many touches."""
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
        """Other people."""
        for name in ("touches", "people", "gave", "left", "complained", "gifts"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.amounts.update(other.amounts)
        self.drawn += other.drawn
        for currency, sums in other.sums.items():
            self._resampled(currency, sums)

    def _resampled(self, currency: str, sums: Weights) -> None:
        known = self.sums.get(currency)
        self.sums[currency] = sums.copy() if known is None else known + sums


class Judged(NamedTuple):
    """A touch with what both policies say to it, and what followed."""

    send: Send
    new: Decision
    old: Decision
    outcome: Outcome

    def places(self) -> list[Place]:
        """Every cell that it is counted in."""
        found = [Place("both", "change", f"{self.old.decision} → {self.new.decision}", "")]
        for policy, decision in (("new", self.new), ("old", self.old)):
            said = {
                "all": "",
                "reason": decision.reason,
                "team": self.send.request.team,
                "channel": self.send.request.channel,
                "week": week_of(self.send.touch.time),
            }
            found += [Place(policy, by, value, decision.decision) for by, value in said.items()]
        return found


def week_of(at: int) -> str:
    """The Monday (UTC) of the week of a time, as a date."""
    day = (_EPOCH + timedelta(milliseconds=at)).date()
    return (day - timedelta(days=day.weekday())).isoformat()


class Tally:
    """All cells."""

    def __init__(self) -> None:
        self.cells: dict[Place, Cell] = {}

    def take(self, contact_id: str, judged: Iterable[Judged]) -> None:
        """One person."""
        groups: dict[Place, list[Judged]] = {}
        for each in judged:
            for place in each.places():
                groups.setdefault(place, []).append(each)
        if not groups:
            return
        weights = weights_of(contact_id)
        for place, theirs in groups.items():
            self._cell(place).take(len(theirs), together(each.outcome for each in theirs), weights)

    def add(self, other: "Tally") -> None:
        """Other people, counted elsewhere."""
        for place, cell in other.cells.items():
            self._cell(place).add(cell)

    def cell(self, place: Place) -> Cell:
        """An empty one where there is nothing."""
        return self.cells.get(place) or Cell()

    def values(self, by: str, policies: Sequence[str] = ("new", "old")) -> list[str]:
        """What there is of teams, channels, weeks or reasons, sorted."""
        return sorted({place.value for place in self.cells if place.by == by and place.policy in policies})

    def _cell(self, place: Place) -> Cell:
        return self.cells.setdefault(place, Cell())


def weights_of(contact_id: str) -> Weights:
    """How often a person is in each resample: the same of the same person, whoever asks."""
    chance = np.random.default_rng(crc32(contact_id.encode()))
    return chance.poisson(1.0, RESAMPLES).astype(np.float64)
