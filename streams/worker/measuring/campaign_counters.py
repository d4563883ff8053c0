"""Counts what a chunk of interactions means to the organisation, for its dashboards, while states are at hand.

By fragment, as what is known of a person under several identifiers is elsewhere: of a gift that two of them report,
each counts. Profiles are exact; these are for looking at the evening, not for accounts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from zlib import crc32

from events.registry import ENGAGEMENTS
from streams.domain.contact.facts.command_details import Erase
from streams.domain.contact.facts.engagement import Deed
from streams.domain.contact.facts.retractions import live
from streams.domain.contact.incremental_fold import Step
from streams.domain.contact.person_view import Overview, overview
from streams.domain.contact.state import CanvassReport, ContactState, Fact, Gift, Refund, Retraction
from streams.domain.human import Expected, expected

ONE_IN = 32
"""Who read is judged anew from all that is known of somebody: of one contact in so many, to stay cheap.

The share of their opens that were a person's tells of everybody's.
"""

_MONEY = (Gift, Refund, Retraction)
_READING = (Deed, Retraction)


class CampaignCounters:
    """The counts of one chunk. `types`: of facts; `reports`: by method and outcome; `money`: by currency and flow.

    Of the contacts that are judged, `acts`: opens and clicks; `human`: by act and change, in thousandths.
    """

    __slots__ = ("acts", "human", "money", "reports", "types")

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.reports: Counter[tuple[str, str]] = Counter()
        self.money: Counter[tuple[str, str]] = Counter()
        self.acts: Counter[str] = Counter()
        self.human: Counter[tuple[str, str]] = Counter()

    def take(self, key: bytes, before: ContactState, after: ContactState, applied: Sequence[Fact]) -> None:
        """Count facts that were applied to a fragment: they made `after` of `before`. `key`: the fragment."""
        kinds = set()
        for fact in applied:
            self.types[fact.type] += 1
            kinds.add(fact.detail.__class__)
            if isinstance(fact.detail, CanvassReport):
                self.reports[fact.detail.method, fact.detail.outcome] += 1
        if Erase in kinds:
            return  # what is forgotten was not given back
        if not kinds.isdisjoint(_MONEY):
            self._count_money(before, after, applied)
        if not kinds.isdisjoint(_READING) and crc32(key) % ONE_IN == 0:
            self.acts.update(ENGAGEMENTS[fact.type] for fact in applied if fact.type in ENGAGEMENTS)
            self._count_change(_human(overview(before)), _human(overview(after)))

    def take_step(self, key: bytes, step: Step, applied: Sequence[Fact]) -> None:
        """The same of facts that were taken the fast way."""
        has_deed = False
        for fact in applied:
            detail = fact.detail
            self.types[fact.type] += 1
            if detail.__class__ is Deed:
                has_deed = True
            elif isinstance(detail, CanvassReport):
                self.reports[detail.method, detail.outcome] += 1
        for currency, more in step.money.items():
            self._count_flow(currency, more)
        if has_deed and crc32(key) % ONE_IN == 0:
            self.acts.update(ENGAGEMENTS[fact.type] for fact in applied if fact.type in ENGAGEMENTS)
            self._count_change((step.was.opens, step.was.clicks), (step.view.opens, step.view.clicks))

    def _count_money(self, before: ContactState, after: ContactState, applied: Sequence[Fact]) -> None:
        if _has_money(before):
            stays = (fact for key, fact in before.facts.items() if key not in after.forgotten)  # it was not given back
            was, now = net_amounts(stays), net_amounts(after.facts.values())
        else:
            was, now = Counter(), net_amounts(sorted(applied, key=lambda fact: fact.stamp))
        for currency in was.keys() | now.keys():
            self._count_flow(currency, now[currency] - was[currency])

    def _count_flow(self, currency: str, more: int) -> None:
        if more:
            self.money[currency, "given" if more > 0 else "returned"] += abs(more)

    def _count_change(self, before: Expected, after: Expected) -> None:
        for act, was, now in zip(ENGAGEMENTS.values(), before, after, strict=True):
            if now != was:
                self.human[act, "up" if now > was else "down"] += abs(now - was)


def _has_money(state: ContactState) -> bool:
    """Whether a state holds gifts or refunds, which may decide how new ones count."""
    return any(fact.detail.__class__ in _MONEY for fact in state.facts.values())


def net_amounts(facts: Iterable[Fact]) -> Counter[str]:
    """Gifts less refunds by currency, the first version of each, without what was retracted."""
    found: Counter[str] = Counter()
    seen: set[tuple[type, str]] = set()
    for fact in live([fact for fact in facts if fact.detail.__class__ in _MONEY]):
        match fact.detail:
            case Gift(donation_id=id_, amount=amount, currency=currency) if (Gift, id_) not in seen:
                seen.add((Gift, id_))
                found[currency] += amount
            case Refund(refund_id=id_, amount=amount, currency=currency) if (Refund, id_) not in seen:
                seen.add((Refund, id_))
                found[currency] -= amount
    return found


def _human(known: Overview) -> Expected:
    settled = known.state.settled
    opens, clicks = expected(known.acts)
    return settled.opens_human + opens, settled.clicks_human + clicks
