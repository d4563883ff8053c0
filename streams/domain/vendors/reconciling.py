"""Compares a vendor's list with what is known here, and says what is to be changed at the vendor, each with its reason.

Suppressions are only ever added: whom the vendor has suppressed stays so, whatever is known here. A segment is a tag at
the vendor, which is also taken off again. What cannot be judged is left alone.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from events.channels import LimitedPurpose
from streams.domain.pressure.closures import ChannelRules
from streams.domain.vendors.standing import NamedContact, chosen, denial_of, purpose_denial_of, suppression_of_any

VendorAct = Literal["add", "remove", "leave"]
OwnReason = Literal[
    "member",
    "no_member",
    "already",
    "open",
    "unknown",
    "by_the_vendor_alone",
    "closed_at_the_vendor",
    "no_readable_address",
]
"""Why, where it is neither a suppression nor a denial of the policy. docs/vendors.md explains each."""


class ListedPerson(NamedTuple):
    """One person of a vendor's list, without an address. `id`: the vendor's own; `key`: what `held` is known by.

    `names`: the hashes of each identifier, one for each valid key, the address that the vendor writes to first. `refs`:
    the references of that address; none: it cannot be read. `is_closed`: the vendor writes to them no more.
    """

    id: str
    key: str
    names: tuple[tuple[str, ...], ...]
    refs: tuple[str, ...] = ()
    is_closed: bool = False


class VendorOutcome(NamedTuple):
    """What is to be done about one person of a list, and why."""

    act: VendorAct
    reason: OwnReason | str


_UNREADABLE = VendorOutcome("leave", "no_readable_address")


def suppression_outcome(
    person: ListedPerson, found: Sequence[NamedContact], *, is_held: bool, at: int
) -> VendorOutcome:
    """Whether a person has to be suppressed at the vendor. `is_held`: they are. `found`: who each of `names` is."""
    if not person.refs:
        return _UNREADABLE
    why = suppression_of_any(found, at)
    if is_held:
        return VendorOutcome("leave", "by_the_vendor_alone" if why is None else "already")
    if why is not None:
        return VendorOutcome("add", why)
    return VendorOutcome("leave", "unknown" if chosen(found) is None else "open")


class TagQuestion(NamedTuple):
    """What decides about a tag besides the person: what the policy says, and the time (ms).

    `purpose`: what is written to who has it; None: whatever the policy has conditions for.
    """

    rules: ChannelRules
    at: int
    purpose: LimitedPurpose | None = None


def tag_outcome(
    person: ListedPerson, found: Sequence[NamedContact], question: TagQuestion, *, is_held: bool
) -> VendorOutcome:
    """Whether a person gets the tag of a segment, or loses it. `is_held`: they have it at the vendor.

    Without an address that can be read nobody gets it, and who is suppressed under another identifier loses it.
    """
    if not person.refs:
        closed = suppression_of_any(found, question.at) if is_held else None
        return _UNREADABLE if closed is None else VendorOutcome("remove", closed)
    why = _untagged(person, found, question)
    if why is None:
        return VendorOutcome("leave", "already") if is_held else VendorOutcome("add", "member")
    return VendorOutcome("remove" if is_held else "leave", why)


def _untagged(person: ListedPerson, found: Sequence[NamedContact], question: TagQuestion) -> str | None:
    """Why a person is not to have the tag; None: they are."""
    whom = chosen(found)
    if whom is None:
        return "unknown"
    if not whom.is_member:
        return "no_member"
    if (why := suppression_of_any(found, question.at)) is not None:
        return why
    if person.is_closed:
        return "closed_at_the_vendor"
    profile = whom.profile
    if not isinstance(profile, dict):
        return "unknown"
    rules, at = question.rules, question.at
    return denial_of(profile, person.refs, rules, at) or purpose_denial_of(
        profile, person.refs, rules, at, question.purpose
    )
