"""`donation-events`: gifts, refunds and pledges, in minor units of a currency."""

from typing import Annotated, Literal

from pydantic import Field

from events.fields import MAX_AMOUNT, Id, Scope, Text
from events.interactions.base import InteractionData, SourcedData

CURRENCY_PATTERN = r"^[A-Z]{3}$"
DONATION_ID_PATTERN = r"^[^:]+:.+$"

Amount = Annotated[int, Field(gt=0, le=MAX_AMOUNT, description="Whole minor units: 2500 is 25 dollars")]
"""Minor units (cents), 1 to 10**14: so a sum of 90,000 of the largest still fits 64 bits."""

Currency = Annotated[str, Field(pattern=CURRENCY_PATTERN)]
"""An ISO 4217 code."""

DonationId = Annotated[Id, Field(pattern=DONATION_ID_PATTERN)]
"""`<processor>:<id of the line item>`: equal ids are one gift, whoever reports it."""

Period = Literal["once", "weekly", "monthly", "yearly"]
RefundKind = Literal["refund", "chargeback", "void"]


class DonationMade(SourcedData):
    """A gift that was charged; with `pledge_id` one instalment of a pledge."""

    donation_id: DonationId
    amount: Amount
    currency: Currency
    pledge_id: Id | None = None
    period: Period | None = None
    instalment: Annotated[int, Field(ge=0)] | None = None
    committee: Scope = None
    election: Text | None = None
    refcode: Text | None = None


class DonationRefunded(InteractionData):
    """Money given back; `donation_id` is absent when the source does not say which gift."""

    refund_id: Id
    donation_id: DonationId | None = None
    amount: Amount
    currency: Currency
    kind: RefundKind | None = None
    committee: Scope = None


class PledgeChange(InteractionData):
    """Something that happened to a pledge and moved no money."""

    pledge_id: Id


class DonationChargeFailed(PledgeChange):
    """An instalment could not be charged."""


class DonationPledgeCancelled(PledgeChange):
    """There will be no more instalments."""
