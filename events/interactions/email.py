"""`email-events`: what became of a mailing, one message at a time."""

from typing import Literal

from events.fields import Id, ScopeId, Text, Url
from events.interactions.base import ExperimentArm, InteractionData, TakenPurpose


class EmailMessage(InteractionData):
    """Anything that names one message to one person."""

    message_id: Id
    purpose: TakenPurpose = "informational"
    list_id: ScopeId = None
    experiment: ExperimentArm | None = None


class EmailSent(EmailMessage):
    """Handed to the provider."""


class EmailDelivered(EmailMessage):
    """Taken by the receiver's server."""


class EmailOpened(EmailMessage):
    """Its images were fetched, by a person or (`machine`) by a program."""

    user_agent: Text | None = None
    machine: bool | None = None


class EmailClicked(EmailOpened):
    """A link in it was followed."""

    url: Url | None = None


class EmailBounced(EmailMessage):
    """Sent back for good (`hard`) or for now (`soft`)."""

    kind: Literal["hard", "soft"]
    reason: Text | None = None


class EmailDeferred(EmailMessage):
    """The provider will try again."""

    reason: Text | None = None


class EmailDropped(EmailMessage):
    """The provider never sent it."""

    reason: Text | None = None


class EmailRefusal(InteractionData):
    """The person wants no more: of one list, or (without `list_id`) on the whole channel."""

    message_id: Id | None = None
    list_id: ScopeId = None


class EmailUnsubscribed(EmailRefusal):
    """Asked to be left out."""


class EmailComplained(EmailRefusal):
    """Marked it as spam."""
