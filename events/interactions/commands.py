"""`contact-commands`: what people decide about a record, rather than what happened to a person."""

from typing import Annotated

from pydantic import AfterValidator, Field

from events.contact import Contact
from events.fields import ContactId, Label, Timestamp
from events.interactions.base import InteractionData, ProvenanceKind
from events.json_types import JSON


def _different(pair: list[str]) -> list[str]:
    if pair[0] == pair[1]:
        raise ValueError("give two different contact ids")
    return pair


Pair = Annotated[
    list[ContactId],
    Field(min_length=2, max_length=2, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_different),
]


class PairCommand(InteractionData):
    """About two contacts, so it needs no `contact` of its own."""

    contact: Contact = Contact()
    contact_ids: Pair

    def plain(self) -> dict[str, JSON]:
        """As of any other, but a contact that names nobody is left out."""
        fields = super().plain()
        if not fields["contact"]:
            del fields["contact"]
        return fields


class ContactLinked(PairCommand):
    """The two are the same person."""


class ContactUnlinked(PairCommand):
    """The two are not the same person."""


class ContactSuppressed(InteractionData):
    """Stop all contact, for ever or `until` a time, and keep the record.

    The latest of a person counts. `until` equal to the event's own `time` lifts every earlier one; before it, it counts
    for nothing.
    """

    until: Timestamp | None = None


class ContactErased(InteractionData):
    """Forget this person."""


class ContactErasedIfInactive(InteractionData):
    """Forget this person, unless they have done something of their own after `inactive_since`.

    Judged where it is heard, by all that is known of the person then, and only under the identifier that names the
    person; else, and of whom nothing is known, it changes nothing. Of who never did anything the first time counts that
    is named of them. `inactive_since` is before the event's own `time`.
    """

    inactive_since: Timestamp


class ContactProvenanceForgotten(InteractionData):
    """Forget what came from one source until the time of this event, and keep the person.

    All that has a `provenance` of this `kind`, with `file` only of that file. What binds stays, without all else that
    was said: a no, a report that somebody refused or has died.
    """

    kind: ProvenanceKind
    file: Label | None = None


class ContactPurposeForgotten(InteractionData):
    """Forget what was collected for one purpose until the time of this event, and keep the person.

    All whose `provenance` names this `purpose`, and each yes on consent for it, in whatever case it is written. What
    binds stays, without all else that was said: a no, a report that somebody refused or has died.
    """

    purpose: Label
