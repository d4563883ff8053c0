"""Campaigns of the desk: what was sent, how it was received at each mailbox provider, and the money that came of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from streams.services.console.desk import Desk
from streams.services.console.desk_cells import Asked, Dimension, Scope, Span, totals_of, where_of
from streams.services.console.desk_reading import GIFT, REFUND, Money
from streams.services.console.desk_schema import HOUR_MS


class Provider(Struct, frozen=True):
    """What became of a campaign's mail at one mailbox provider. `messages`: the larger of `sent` and `delivered`."""

    mailbox: str
    sent: int
    delivered: int
    complaints: int
    unsubscribes: int

    @property
    def messages(self) -> int:
        """How many messages surely went out."""
        return max(self.sent, self.delivered)


class Campaign(Struct, frozen=True):
    """One campaign in a span of time, by what names it.

    `opened`, `clicked`: without those that their sender says a program made; how many of the others people made is not
    known here. `types`: how many interactions of each type. `first_ms`, `last_ms`: minutes of the first and the last.
    """

    campaign: str
    teams: tuple[str, ...]
    first_ms: int
    last_ms: int
    types: Mapping[str, int]
    providers: tuple[Provider, ...]
    opened: int
    clicked: int
    machine: int
    gross: Money
    refunded: Money


def campaigns(desk: Desk, span: Span, scope: Scope) -> list[Campaign]:
    """The campaigns of which anything happened, the one with the latest sending or act first."""
    return sorted(_campaigns(desk, span, scope, None), key=lambda each: (-each.last_ms, each.campaign))


def campaign(desk: Desk, campaign_id: str, span: Span, scope: Scope) -> Campaign | None:
    """One campaign; None: nothing names it in that time and scope."""
    return next(iter(_campaigns(desk, span, scope, campaign_id)), None)


def names(desk: Desk, span: Span, scope: Scope) -> frozenset[str]:
    """The names of the campaigns of which anything happened."""
    by: tuple[Dimension] = ("campaign",)
    cells = totals_of(desk, Asked(span, scope, by=by))
    rows = desk.rows(
        f"{cells.beginning}SELECT s.campaign FROM {cells.source} WHERE {cells.where} AND s.campaign <> '' "  # nosec B608 # names of ours
        "AND c.happened > 0 GROUP BY s.campaign",
        cells.args,
    )
    return frozenset(name for (name,) in rows)


def begun(desk: Desk, span: Span, scope: Scope, types: Sequence[str]) -> Mapping[str, int]:
    """By campaign the minute in which the first of some types of interactions was counted, of those in a span.

    Left out is what went on in the hour in which the span begins, before it did.
    """
    where, args = where_of(Asked(span, scope, types))
    rows = desk.rows(
        f"SELECT s.campaign, min(c.first) FROM hours AS c JOIN series AS s USING (series) WHERE c.hour >= :since "  # nosec B608 # names of ours
        f"AND c.hour < :until AND {where} AND s.campaign <> '' AND c.counted > 0 GROUP BY s.campaign",
        {**args, "since": span.since // HOUR_MS * HOUR_MS, "until": span.until},
    )
    return {campaign: first for campaign, first in rows if span.since <= first < span.until}


def experiments_of(desk: Desk, campaign_id: str) -> list[str]:
    """The experiments that a campaign's mail carries, or for which somebody was assigned in its name."""
    return [
        name for (name,) in desk.rows("SELECT experiment FROM carried WHERE campaign = ? ORDER BY 1", (campaign_id,))
    ]


def campaigns_of(desk: Desk, experiment: str) -> list[str]:
    """The campaigns that carry an experiment, of those that anybody has opened."""
    rows = desk.rows(
        "SELECT DISTINCT campaign FROM carried JOIN series AS s USING (campaign) "
        "WHERE experiment = ? AND s.type = 'email.opened' ORDER BY 1",
        (experiment,),
    )
    return [name for (name,) in rows]


def _campaigns(desk: Desk, span: Span, scope: Scope, only: str | None) -> list[Campaign]:
    cells = totals_of(desk, Asked(span, scope, by=("campaign", "mailbox")))
    which = "s.campaign <> ''" if only is None else "s.campaign = :campaign"
    rows = desk.rows(
        f"{cells.beginning}SELECT s.campaign, s.team, s.type, s.mailbox, s.currency, sum(c.happened), sum(c.amount), "  # nosec B608 # names of ours
        f"sum(c.machine), min(c.first), max(c.last) FROM {cells.source} WHERE {cells.where} AND {which} "
        "GROUP BY s.campaign, s.team, s.type, s.mailbox, s.currency HAVING sum(c.happened) > 0",
        {**cells.args, **({} if only is None else {"campaign": only})},
    )
    drafts: dict[str, _CampaignDraft] = {}
    for name, *rest in rows:
        drafts.setdefault(name, _CampaignDraft()).take(rest)
    return [draft.made(name) for name, draft in drafts.items()]


class _CampaignDraft:
    def __init__(self) -> None:
        self._teams: set[str] = set()
        self._types: dict[str, int] = {}
        self._machine: dict[str, int] = {}
        self._providers: dict[str, dict[str, int]] = {}
        self._money: dict[str, dict[str, int]] = {GIFT: {}, REFUND: {}}
        self._first: list[int] = []
        self._last: list[int] = []

    def take(self, row: Sequence[Any]) -> None:
        team, type_, mailbox, currency, happened, amount, machine, first, last = row
        self._teams.add(team)
        self._types[type_] = self._types.get(type_, 0) + happened
        self._machine[type_] = self._machine.get(type_, 0) + machine
        if type_ in _AT_PROVIDERS:
            at = self._providers.setdefault(mailbox, {})
            at[type_] = at.get(type_, 0) + happened
        if type_ in self._money:
            sums = self._money[type_]
            sums[currency] = sums.get(currency, 0) + amount
        self._first.append(first)
        self._last.append(last)

    def made(self, name: str) -> Campaign:
        opened, clicked = (
            self._types.get(type_, 0) - self._machine.get(type_, 0) for type_ in ("email.opened", "email.clicked")
        )
        providers = [
            Provider(mailbox, *(at.get(type_, 0) for type_ in _AT_PROVIDERS)) for mailbox, at in self._providers.items()
        ]
        return Campaign(
            campaign=name,
            teams=tuple(sorted(self._teams)),
            first_ms=min(self._first),
            last_ms=max(self._last),
            types=dict(sorted(self._types.items())),
            providers=tuple(sorted(providers, key=lambda each: (-each.messages, each.mailbox))),
            opened=opened,
            clicked=clicked,
            machine=sum(self._machine.values()),
            gross=self._money[GIFT],
            refunded=self._money[REFUND],
        )


_AT_PROVIDERS = ("email.sent", "email.delivered", "email.complained", "email.unsubscribed")
