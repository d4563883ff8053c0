"""What interaction types, outcomes and reasons of stops are called on pages: English, as keys of the catalogue."""

from collections.abc import Mapping

TYPES: Mapping[str, str] = {
    "email.sent": "E-mail sent",
    "email.delivered": "E-mail delivered",
    "email.opened": "E-mail opened",
    "email.clicked": "Link in an e-mail clicked",
    "email.bounced": "E-mail bounced",
    "email.deferred": "E-mail delayed",
    "email.dropped": "E-mail never sent",
    "email.unsubscribed": "Unsubscribed",
    "email.complained": "E-mail reported as spam",
    "donation.made": "Gift",
    "donation.refunded": "Refund",
    "donation.charge_failed": "Pledge not paid",
    "donation.pledge_cancelled": "Pledge cancelled",
    "canvass.reported": "Canvass",
    "ballot.reported": "Ballot",
    "text.sent": "Text sent",
    "text.delivered": "Text delivered",
    "text.failed": "Text failed",
    "text.replied": "Text answered",
    "text.opted_out": "STOP by text",
    "rsvp.made": "Says they will come",
    "rsvp.cancelled": "Will not come",
    "rsvp.attended": "Came to an event",
    "rsvp.no_show": "Did not come",
    "form.submitted": "Form filled in",
    "experiment.assigned": "Assigned to a variant",
    "consent.changed": "Consent changed",
    "provenance.reported": "Obtained from a list",
    "interaction.retracted": "Something taken back",
    "contact.linked": "Linked with another contact",
    "contact.unlinked": "Unlinked from another contact",
    "contact.suppressed": "All contact stopped",
    "contact.provenance_forgotten": "Forgotten by where it came from",
    "contact.purpose_forgotten": "Forgotten by what it was for",
    "contact.erased": "Forgotten",
    "contact.erased_if_inactive": "To be forgotten if inactive",
}
OUTCOMES: Mapping[str, str] = {
    "contacted": "met",
    "not_home": "not home",
    "no_answer": "no answer",
    "busy": "busy",
    "disconnected": "disconnected",
    "refused": "refused",
    "moved": "moved",
    "deceased": "has died",
    "wrong_number": "wrong number",
    "left_message": "message left",
    "lit_drop": "leaflet left",
    "language_barrier": "no common language",
    "inaccessible": "no way in",
    "do_not_contact": "wants no contact",
    "other": "something else",
    "requested": "requested",
    "sent": "sent out",
    "returned": "returned",
    "rejected": "rejected",
    "cured": "cured",
    "voted": "voted",
    "hard": "for good",
    "soft": "for now",
    "refund": "refund",
    "chargeback": "chargeback",
    "void": "void",
    "petition": "petition",
    "signup": "sign-up",
    "volunteer": "volunteer",
}
PROCESS_STATES: Mapping[str, str] = {
    "running": "runs",
    "behind": "away or behind",
    "away": "away",
    "unknown": "nobody knows",
    "not_watched": "not watched",
    "not_set_up": "not set up",
}
"""How a process beside the workers stands."""
CHANNELS: Mapping[str, str] = {
    "email": "E-mail",
    "text": "Text",
    "phone": "Phone",
    "door": "Door",
    "letter": "Letter",
    "relational": "Someone they know",
    "all": "Every channel",
}
PURPOSES: Mapping[str, str] = {
    "fundraising": "Fundraising",
    "mobilisation": "Mobilisation",
    "informational": "Information",
    "transactional": "Transaction",
}
STOPS: Mapping[str, str] = {
    "unsubscribed": "unsubscribed",
    "opted_out": "answered STOP",
    "complained": "reported as spam",
    "consent_withdrawn": "withdrew consent",
    "suppressed": "stopped by us",
    "deceased": "has died",
    "do_not_contact": "wants no contact",
    "erased": "forgotten",
    "hard_bounced": "the address does not exist",
    "wrong_number": "wrong number",
}
MAILBOXES: Mapping[str, str] = {
    "gmail": "Gmail",
    "yahoo": "Yahoo",
    "microsoft": "Microsoft",
    "apple": "Apple",
    "other": "other providers",
}
AT_MAILBOXES: Mapping[str, str] = {**MAILBOXES, "other": "other mailbox providers"}
"""The same behind `at`."""
LEFT: Mapping[str, str] = {
    "requeued": "sent before",
    "too_often": "came back too often: whoever operates Harmonia can look at them",
    "old_message": "messages older than 7 days, which their producer may have sent again since: they would count twice",
    "full": "of people whose state was full",
    "imported": "rows of an import: mend the file and import it again",
    "elsewhere": "of no topic that producers write to",
    "twin": "would have the source and id of another one as mended: change the mapping",
}
"""Why a dead letter is left as it is."""
REFUSALS: Mapping[str, str] = {
    "too_large": "Too large",
    "not_json": "Not JSON",
    "not_cloudevent": "Not a CloudEvent",
    "unknown_type": "Of a type that is not known",
    "no_time": "Without a time",
    "time_in_future": "Of a time to come",
    "no_identifier": "Names nobody",
    "invalid_data": "Data not as they have to be",
    "refused_source": "Of a source of which nothing is taken",
    "unsupported_type": "Of a type that is not taken in here",
    "memo_entry": "Memo entry",
    "malformed_row": "Malformed row",
    "contact_full": "Of a person whose state is full",
    "quarantined": "In quarantine",
}
"""Why a record was refused (`dl_reason`)."""
KINDS: Mapping[str, str] = {
    "null": "nothing (null)",
    "true or false": "true or false",
    "whole number": "whole number",
    "decimal number": "decimal number",
    "empty text": "empty text",
    "text: whole number": "text that is a whole number",
    "text: decimal number": "text that is a decimal number",
    "text: true or false": "text that is true or false",
    "text: time": "text that is a time",
    "text": "text",
    "list": "empty list",
    "object": "empty object",
}
"""Of what kind a field of a dead letter is."""
ORIGINS: Mapping[str, str] = {
    "self": "The person themselves",
    "voter_list": "An electoral roll",
    "rented": "A hired list",
    "sponsorship": "Somebody who knows them",
    "canvass": "A canvasser",
    "vendor": "A supplier of data",
    "petition": "A file of a petition",
    "staff": "A file of staff",
    "civic_register": "A register of an authority",
    "forgotten": "A source that was forgotten",
}
"""From whom something about a person was got."""
RIGHTS: Mapping[str, str] = {
    "access": "access",
    "rectification": "rectification",
    "objection": "objection",
    "erasure": "erasure",
    "portability": "portability",
}
RIGHTS_OUTCOMES: Mapping[str, str] = {
    "granted": "done as asked",
    "partly": "done in part",
    "refused": "refused, and they were told why",
    "not_identified": "nobody could tell that it was they",
    "nothing_held": "nothing was held",
    "withdrawn": "withdrawn by them",
    "mistaken": "written down by mistake",
}
"""What came of a request, as staff read it."""
RIGHTS_OUTCOMES_AS_TOLD: Mapping[str, str] = {
    **RIGHTS_OUTCOMES,
    "refused": "refused, and you were told why",
    "not_identified": "nobody could tell that it was you",
    "withdrawn": "withdrawn by you",
}
"""The same, as the person reads it."""
ANSWERS: Mapping[str, str] = {
    "allow": "you might be reached",
    "defer": "not yet",
    "deny": "you might not be reached",
}
"""What was answered to a team that asked about somebody, as that person reads it."""
WAYS: Mapping[str, str] = {
    "form": "where they left their data",
    "email": "by e-mail",
    "text": "by text",
    "phone": "by phone",
    "door": "at the door",
    "letter": "by letter",
}
"""How somebody was given a notice."""
LOOKS: Mapping[str, str] = {
    "read": "looked at the record",
    "list": "had them on a list",
    "permission": "asked whether they may be reached",
    "audience": "had them in an audience for ads",
    "rights": "worked on a request of theirs",
    "suppress": "stopped all contact",
    "unsuppress": "lifted the stop",
    "export": "downloaded all that is held",
    "erase": "had them forgotten",
    "link": "linked them with another contact",
    "unlink": "parted them from another contact",
    "judge": "asked of a whole list who may be reached",
    "reserve": "reserved a message to them",
    "give_back": "gave back what was reserved for them",
    "open_request": "wrote down a request of theirs",
    "answer_request": "downloaded what is held, for them to read",
    "extend_request": "wrote down that their request takes longer",
    "close_request": "closed a request of theirs",
}
"""What `audit-log` says that was done about somebody, as staff read it."""
LOOKS_AS_TOLD: Mapping[str, str] = {
    "read": "saw your record",
    "list": "had you on a list",
    "permission": "asked whether you may be reached",
    "audience": "had you in an audience for ads",
    "rights": "worked on a request of yours",
    "suppress": "stopped all contact",
    "unsuppress": "lifted the stop",
    "export": "took all that is held",
    "erase": "had you forgotten",
    "link": "linked you with another contact",
    "unlink": "parted you from another contact",
    "judge": "asked of a list on which you are who may be reached",
    "reserve": "reserved a message to you",
    "give_back": "gave back the message that was reserved to you",
    "open_request": "wrote down a request of yours",
    "answer_request": "took what is held, to answer a request of yours",
    "extend_request": "wrote down that a request of yours takes longer",
    "close_request": "wrote down that you were answered",
}
"""The same, as that person reads it."""
ALL: tuple[Mapping[str, str], ...] = (
    *(TYPES, OUTCOMES, PROCESS_STATES, CHANNELS, PURPOSES, STOPS, MAILBOXES, AT_MAILBOXES, LEFT, REFUSALS, KINDS),
    *(ORIGINS, RIGHTS, RIGHTS_OUTCOMES, RIGHTS_OUTCOMES_AS_TOLD, ANSWERS, WAYS, LOOKS, LOOKS_AS_TOLD),
)
