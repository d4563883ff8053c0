"""How people of a vendor's list stand with us: closed to everyone, or in a segment and open for e-mail.

A vendor may name one person by several identifiers, which need not all lead to one contact here. A refusal under any of
them binds; whose profile and segments count is said by the first of them under which somebody is known.
"""

from collections.abc import Sequence
from typing import NamedTuple, get_args

from events.channels import Channel, LimitedPurpose
from events.outputs import ContactProfile
from events.times import parse_time
from streams.domain.contact.sections.stops import FOR_GOOD
from streams.domain.pressure import KnownProfile, PermissionRequest, Policy, answer, prepare, worst_known_ref
from streams.domain.pressure.closures import ChannelRules, channel_denial

CHANNEL: Channel = "email"
"""The channel of the vendors that are written to."""


class NamedContact(NamedTuple):
    """Who is known under one identifier of a person of a list. `is_member`: in the segment that is asked about."""

    contact_id: str
    profile: KnownProfile
    is_member: bool = False


def chosen(found: Sequence[NamedContact]) -> NamedContact | None:
    """Whose profile counts: the first one that is known. None: nobody is known under any identifier."""
    return next((each for each in found if each.profile is not None), None)


def suppression_of(known: KnownProfile, at: int) -> str | None:
    """Why e-mail is closed to everyone at a time (ms), as `contact-suppressions` says it; None: it is not."""
    if known is None:
        return None
    if known == "erased":
        return "erased"
    stops = known["stops"]
    everything, own = stops.get("all"), stops.get(CHANNEL)
    if everything is not None and _is_over(everything.get("until"), at):
        everything = None
    if everything is not None and everything["reason"] in FOR_GOOD:
        return everything["reason"]
    stop = own or everything
    return None if stop is None else stop["reason"]


def suppression_of_any(found: Sequence[NamedContact], at: int) -> str | None:
    """The first suppression under any identifier; None: e-mail is open under all of them."""
    return next((why for each in found if (why := suppression_of(each.profile, at)) is not None), None)


def denial_of(known: ContactProfile, refs: Sequence[str], rules: ChannelRules, at: int) -> str | None:
    """Why the policy lets nobody write to a person at an address, at a time (ms); None: e-mail is open.

    `refs`: the references of that address, one for each valid key; none: the best address is judged.
    """
    ref = worst_known_ref(known, refs)
    if ref is not None:
        meant = [each for each in known["addresses"] if each["channel"] != CHANNEL or each["ref"] == ref]
        known = {**known, "addresses": meant}
    denial = channel_denial(known, rules, CHANNEL, at)
    return None if denial is None else denial.reason


def purpose_denial_of(
    known: ContactProfile, refs: Sequence[str], rules: ChannelRules, at: int, purpose: LimitedPurpose | None
) -> str | None:
    """Why the policy lets nobody write this to a person at an address, whenever it is; None: somebody may.

    Without a purpose whatever the policy has conditions on e-mail for may be written.
    """
    for each in purposes_of(rules.policy) if purpose is None else (purpose,):
        asked = PermissionRequest(channel=CHANNEL, purpose=each, team="")
        found = answer(prepare(rules.policy, asked, at), known, refs=refs)
        if found.decision == "deny" and found.reason != "hours":
            return found.reason
    return None


def purposes_of(policy: Policy) -> tuple[LimitedPurpose, ...]:
    """The purposes for which a policy has conditions on e-mail."""
    conditions = [condition for condition in policy.conditions if condition.channel == CHANNEL]
    every: tuple[LimitedPurpose, ...] = get_args(LimitedPurpose)
    return tuple(each for each in every if any(each in (one.purposes or every) for one in conditions))


def _is_over(until: str | None, at: int) -> bool:
    end = None if until is None else parse_time(until)
    return end is not None and end <= at
