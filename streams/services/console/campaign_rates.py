"""How many of those reached by a campaign complained or left, by mailbox provider, against their limits. Pure."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, cast

from markupsafe import Markup
from msgspec import Struct

from events.mailboxes import Mailbox
from streams.domain.pressure.rates import CampaignRates
from streams.services.console.charts import limit_bar
from streams.services.console.desk_campaigns import Campaign, Provider
from streams.services.console.words import Words

NEAR = 0.8
"""The part of a limit from which on a campaign is said to near it."""
Rule = Literal["complaints", "unsubscribes"]
Reach = Literal["", "near", "over"]


class Rate(Struct, frozen=True):
    """How many of those reached by a provider did something, against the policy's limit.

    `is_judged`: enough messages went out to say anything. `reach`: whether it nears its limit, or has reached it.
    """

    mailbox: str
    rule: Rule
    count: int
    messages: int
    limit: float
    is_judged: bool

    @property
    def share(self) -> float | None:
        """The part of the messages; None where there were none."""
        return self.count / self.messages if self.messages else None

    @property
    def reach(self) -> Reach:
        """Exact arithmetic, as the alerts have it: 0.003 of 7,000 are 21."""
        allowed = Fraction(str(self.limit)) * self.messages
        if not self.is_judged or self.count < Fraction(str(NEAR)) * allowed:
            return ""
        return "over" if self.count >= allowed else "near"


def rates_of(campaign: Campaign, rates: CampaignRates) -> list[Rate]:
    """Complaints and unsubscriptions of a campaign by provider, each with its limit."""
    return [rate for provider in campaign.providers for rate in provider_rates(provider, rates)]


def provider_rates(provider: Provider, rates: CampaignRates) -> tuple[Rate, Rate]:
    """Complaints and unsubscriptions at one provider. What none is known of counts as the others do."""
    mailbox = cast(Mailbox, provider.mailbox if provider.mailbox in _PROVIDERS else "other")
    enough = provider.messages >= rates.minimum
    complaints, unsubscribes = rates.complaints.of(mailbox), rates.unsubscribes.of(mailbox)
    return (
        Rate(mailbox, "complaints", provider.complaints, provider.messages, complaints, enough),
        Rate(mailbox, "unsubscribes", provider.unsubscribes, provider.messages, unsubscribes, enough),
    )


_PROVIDERS = ("gmail", "yahoo", "microsoft", "apple", "other")


def worst_of(rates: Sequence[Rate]) -> Rate | None:
    """The rate that is nearest to its limit, or furthest beyond it; None where nothing can be judged."""
    judged = [each for each in rates if each.is_judged]
    return max(judged, key=lambda each: (each.share or 0) / each.limit, default=None)


def rate_bar(rate: Rate, words: Words) -> Markup:
    """A rate drawn against its limit."""
    told = rate_text(rate, words)
    return limit_bar(rate.share or 0, rate.limit, told)


def rate_text(rate: Rate, words: Words) -> str:
    """A rate and its limit in words."""
    share, limit = words.share(rate.share, digits=2), words.share(rate.limit, digits=2)
    mailbox = words.name("at_mailbox", rate.mailbox)
    if rate.rule == "complaints":
        return words.text(
            "{share} complaints at {mailbox}, the limit is {limit}", share=share, mailbox=mailbox, limit=limit
        )
    return words.text(
        "{share} unsubscriptions at {mailbox}, the limit is {limit}", share=share, mailbox=mailbox, limit=limit
    )
