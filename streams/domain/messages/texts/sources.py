"""Sentences about sources whose records are refused or held, in status and in the daily report."""

from collections.abc import Mapping

from streams.domain.messages.fields import Plural, Template

_RECORDS: Mapping[str, str] = {
    "email.sent": "e-mails sent",
    "email.delivered": "e-mails delivered",
    "email.opened": "opens of e-mails",
    "email.clicked": "clicks in e-mails",
    "email.bounced": "e-mails bounced",
    "email.deferred": "e-mails delayed",
    "email.dropped": "e-mails never sent",
    "email.unsubscribed": "unsubscriptions",
    "email.complained": "complaints",
    "donation.made": "gifts",
    "donation.refunded": "refunds",
    "donation.charge_failed": "pledges not paid",
    "donation.pledge_cancelled": "pledges cancelled",
    "canvass.reported": "doors and calls",
    "ballot.reported": "ballots",
    "text.sent": "texts sent",
    "text.delivered": "texts delivered",
    "text.failed": "texts failed",
    "text.replied": "answers by text",
    "text.opted_out": "STOPs by text",
    "rsvp.made": "promises to come",
    "rsvp.cancelled": "promises taken back",
    "rsvp.attended": "people who came",
    "rsvp.no_show": "people who did not come",
    "form.submitted": "forms",
    "experiment.assigned": "assignments to variants",
    "consent.changed": "changes of consent",
    "provenance.reported": "rows of lists that were obtained",
    "interaction.retracted": "retractions",
    "contact.linked": "links of contacts",
    "contact.unlinked": "unlinks of contacts",
    "contact.suppressed": "suppressions",
    "contact.provenance_forgotten": "commands to forget by provenance",
    "contact.purpose_forgotten": "commands to forget by purpose",
    "contact.erased": "erasures",
    "contact.erased_if_inactive": "erasures of who is inactive",
}
"""What the records of a type are called, several of them."""

SOURCES: Mapping[str, Template] = {
    **{f"records_of.{type_}": name for type_, name in _RECORDS.items()},
    "source.refused": "{source}: {refused} of {sent} {records} refused",
    "source.more": Plural("more", "{more:d} more such source", "{more:d} more such sources"),
    "source.named": "{source}: {what}",
    "source.let_go": Plural(
        "waiting",
        "let go, and {waiting} held record waits to be released",
        "let go, and {waiting} held records wait to be released",
    ),
    "source.in_quarantine": Plural(
        "waiting",
        "in quarantine since {since:z}, {waiting} held record waits",
        "in quarantine since {since:z}, {waiting} held records wait",
    ),
    "source.was_in_quarantine": Plural(
        "waiting",
        "in quarantine from {since:z} to {until:z}, and {waiting} held record waits to be released",
        "in quarantine from {since:z} to {until:z}, and {waiting} held records wait to be released",
    ),
}
