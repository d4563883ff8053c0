"""`outreach-events`: text messages, meetings and forms."""

from typing import Literal

from events.fields import Id, Scope, Text, Timestamp
from events.interactions.base import ExperimentArm, InteractionData, SourcedData, TakenPurpose

FormKind = Literal["petition", "signup", "volunteer"]


class TextMessage(InteractionData):
    """Anything that became of one text to one person."""

    message_id: Id
    purpose: TakenPurpose = "informational"
    sender: Scope = None
    experiment: ExperimentArm | None = None


class TextSent(TextMessage):
    """Handed to the carrier."""


class TextDelivered(TextMessage):
    """On the person's phone, as far as the carrier knows."""


class TextFailed(TextMessage):
    """Never arrived."""


class TextAnswer(InteractionData):
    """Something that came back from the person."""

    message_id: Id | None = None
    sender: Scope = None
    keyword: Text | None = None


class TextReplied(TextAnswer):
    """An answer."""


class TextOptedOut(TextAnswer):
    """STOP: to one `sender`, or (absent) to every sender."""


class Rsvp(SourcedData):
    """One person and one meeting."""

    event_id: Id
    starts_at: Timestamp | None = None


class RsvpMade(Rsvp):
    """Means to come."""


class RsvpCancelled(Rsvp):
    """Will not come after all."""


class RsvpAttended(Rsvp):
    """Was there."""


class RsvpNoShow(Rsvp):
    """Did not come."""


class FormSubmitted(SourcedData):
    """Signed or signed up."""

    form_id: Id
    kind: FormKind | None = None
