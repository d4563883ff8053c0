"""The oracle's recount of campaigns: messages, complaints and unsubscriptions by mailbox provider (docs/alerts.md)."""

from collections.abc import Iterable
from typing import TypedDict

from streams.demo.truth import ContactFields, Sent

_GMAIL = ("gmail.com", "googlemail.com")
_FIELDS = {
    "email.sent": "sent",
    "email.delivered": "delivered",
    "email.complained": "complaints",
    "email.unsubscribed": "unsubscribes",
}


class Mails(TypedDict):
    """What is counted of one campaign at one provider."""

    sent: int
    delivered: int
    complaints: int
    unsubscribes: int


def mailbox_of(contact: ContactFields) -> str:
    """The provider of an e-mail address, of those that the demo's people have."""
    return "gmail" if contact.get("email", "").strip().lower().partition("@")[2] in _GMAIL else "other"


def campaigns(sent: Iterable[Sent]) -> dict[str, dict[str, Mails]]:
    """What must be counted of each campaign by provider, copies once, from all interactions that are accepted."""
    seen: set[tuple[str, str]] = set()
    found: dict[str, dict[str, Mails]] = {}
    for one in sent:
        name = one.fields.get("campaign_id")
        if name is None or one.type not in _FIELDS or (one.source, one.id) in seen:
            continue
        seen.add((one.source, one.id))
        mails = found.setdefault(name, {}).setdefault(
            mailbox_of(one.contact), {"sent": 0, "delivered": 0, "complaints": 0, "unsubscribes": 0}
        )
        mails[_FIELDS[one.type]] += 1  # type: ignore[literal-required]
    return found
