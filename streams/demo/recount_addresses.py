"""The oracle's recount of `addresses`: a person's e-mail addresses and phone numbers, and the status of each.

E-mail events concern only the e-mail address that they name, and `wrong_number` only the phone number. Every address in
the interactions is valid; the contract ignores one that is not.
"""

from collections.abc import Callable

from streams.demo.recount import CountedEvent, Profile
from streams.demo.truth import ContactFields

_LEAST_BAD_FIRST = ("ok", "soft_bouncing", "wrong_number", "hard_bounced", "complained")
_REF = 16
_SOFT_BOUNCES = 3

Identify = Callable[[ContactFields], str]
_Named = list[tuple[str, str]]


def addresses(told: list[CountedEvent], identify: Identify) -> list[Profile]:
    """Each e-mail address and phone number that was named; `told` has one version of each report.

    `identify` gives the keyed hash of an identifier that stands alone, as `<kind>:<hex digits>`.
    """
    hashes: dict[str, str] = {}
    named_by = [(one, named_addresses(one.contact, identify, hashes)) for one in told]
    found: list[Profile] = []
    for channel, ref in sorted({address for _, named in named_by for address in named}):
        naming = [one for one, named in named_by if (channel, ref) in named]
        status = _of_email(naming) if channel == "email" else _of_phone(naming)
        found.append({"ref": ref, "channel": channel, "status": status})
    return found


def best_email(found: list[Profile]) -> str:
    """The status of the least bad e-mail address; `ok` where none is known."""
    known = {one["status"] for one in found if one["channel"] == "email"}
    for status in _LEAST_BAD_FIRST:
        if status in known:
            return status
    return "ok"


def named_addresses(contact: ContactFields, identify: Identify, hashes: dict[str, str]) -> _Named:
    """The addresses in a contact, as (channel, ref); `hashes` remembers what was asked before."""
    found = []
    email, phone = contact.get("email"), contact.get("phone")
    if email is not None:
        if email not in hashes:
            hashes[email] = identify({"email": email})
        found.append(("email", _ref(hashes[email])))
    if phone is not None:
        if phone not in hashes:
            hashes[phone] = identify({"phone": phone})
        found.append(("phone", _ref(hashes[phone])))
    return found


def _ref(hash_: str) -> str:
    return hash_.partition(":")[2][:_REF]


def _of_email(naming: list[CountedEvent]) -> str:
    """The status of an e-mail address: its worst news."""
    hard = False
    soft_since_delivered = 0
    for one in naming:
        if one.type == "email.complained":
            return "complained"
        if one.type == "email.delivered":
            soft_since_delivered = 0
        if one.type == "email.bounced" and one.fields["kind"] == "hard":
            hard = True
        if one.type == "email.bounced" and one.fields["kind"] == "soft":
            soft_since_delivered += 1
    if hard:
        return "hard_bounced"
    return "soft_bouncing" if soft_since_delivered >= _SOFT_BOUNCES else "ok"


def _of_phone(naming: list[CountedEvent]) -> str:
    """The status of a phone number: whether somebody else answers there."""
    wrong = [one for one in naming if one.type == "canvass.reported" and one.fields["outcome"] == "wrong_number"]
    return "wrong_number" if wrong else "ok"
