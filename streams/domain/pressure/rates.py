"""Limits on how many of those whom a campaign reaches may want no more, by mailbox provider.

Gmail asks bulk senders to stay below 0.1 % of complaints and never to reach 0.3 %; the others say less, so the same is
taken for them. An unsubscription is no complaint, and far more usual.
"""

from typing import Annotated

from pydantic import BeforeValidator

from events.mailboxes import Mailbox
from streams.domain.file_mistakes import wrong
from streams.domain.pressure.policy_values import DAY, Mailing, PolicySection


def _share(value: object) -> float:
    if type(value) is not float or not 0 < value <= 0.1:
        raise wrong(f"is {value!r}", "give a part of what was sent, more than 0 and up to 0.1: 0.003 is 0.3 %")
    return value


def _minimum(value: object) -> int:
    if type(value) is not int or value < 1:
        raise wrong(f"is {value!r}", "give a whole number of messages, 1 or more")
    return value


Share = Annotated[float, BeforeValidator(_share)]
"""A part of what was sent."""


class _ByMailbox(PolicySection):
    def of(self, mailbox: Mailbox) -> float:
        """The limit at one provider."""
        limit: float = getattr(self, mailbox)
        return limit


class Complaints(_ByMailbox):
    """Limits on complaints, as shares of the messages sent."""

    gmail: Share = 0.003
    yahoo: Share = 0.003
    microsoft: Share = 0.003
    apple: Share = 0.003
    other: Share = 0.003


class Unsubscribes(_ByMailbox):
    """Limits on unsubscriptions, as shares of the messages sent."""

    gmail: Share = 0.02
    yahoo: Share = 0.02
    microsoft: Share = 0.02
    apple: Share = 0.02
    other: Share = 0.02


class CampaignRates(PolicySection):
    """Limits on complaints and unsubscriptions of a campaign.

    `minimum`: messages to one provider below which nothing is judged: of a few, a single complaint is too many.
    `window`: how long (ms) after its latest message a campaign counts as being sent.
    """

    minimum: Annotated[int, BeforeValidator(_minimum)] = 1000
    window: Mailing = 3 * DAY
    complaints: Complaints = Complaints()
    unsubscribes: Unsubscribes = Unsubscribes()
