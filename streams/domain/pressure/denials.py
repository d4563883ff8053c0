"""Reasons to deny a request whatever the hour: stops, addresses that cannot be reached, and who is not to be asked."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from events.interactions.base import Channel
from events.outputs import Address, AddressStatus, Ballot, ContactProfile, EvidenceItem, Stop
from events.times import parse_time
from streams.domain.pressure.asking import Decision, Evidence, KnownProfile, PermissionRequest, Reason
from streams.domain.pressure.policy import CHANNELS, Closures, Policy
from streams.domain.pressure.senders import is_same_sender

_KIND: Mapping[Channel, Literal["email", "phone"]] = {"email": "email", "text": "phone", "phone": "phone"}
_BADNESS: dict[AddressStatus, int] = {
    "ok": 0,
    "soft_bouncing": 1,
    "wrong_number": 2,
    "hard_bounced": 3,
    "complained": 4,
}
_CLOSED: dict[AddressStatus, Reason] = {
    "wrong_number": "wrong_number",
    "hard_bounced": "hard_bounced",
    "complained": "complained",
}


class JudgedAddress(NamedTuple):
    """The address that a request is judged by.

    `status` None: the channel goes by addresses, and this one, or any, is not known to be the person's. `refs`: all by
    which it was asked for, one for each key of its hash.
    """

    ref: str | None
    status: AddressStatus | None
    refs: Sequence[str] = ()


_ANYWHERE = JudgedAddress(None, "ok")


def judged_address(
    profile: ContactProfile, channel: Channel, ref: str | None, unknown: Collection[str] = ()
) -> JudgedAddress:
    """The address `ref`; None: the best one of the person for the channel, of equals the smallest ref.

    `unknown`: refs of addresses that do not count as known; what closes one of them does.
    """
    kind = _KIND.get(channel)
    if kind is None:
        return _ANYWHERE
    best: Address | None = None
    for address in profile["addresses"]:
        if address["channel"] != kind or (ref is not None and address["ref"] != ref):
            continue
        if best is None or (address["ref"] in unknown, _rank(address)) < (best["ref"] in unknown, _rank(best)):
            best = address
    if best is None:
        return JudgedAddress(ref, None)
    is_known = best["ref"] not in unknown or best["status"] in _CLOSED
    return JudgedAddress(best["ref"], best["status"] if is_known else None)


def equals(
    profile: ContactProfile, channel: Channel, address: JudgedAddress, unknown: Collection[str] = ()
) -> list[JudgedAddress]:
    """The person's addresses for the channel that are as good as this one, by their refs."""
    kind = _KIND.get(channel)
    known = (each for each in profile["addresses"] if each["ref"] not in unknown)
    found = (each for each in known if each["channel"] == kind and each["status"] == address.status)
    return sorted(JudgedAddress(each["ref"], each["status"]) for each in found)


def worst_known_ref(known: KnownProfile, refs: Sequence[str]) -> str | None:
    """The worst known one of the `refs` of one address, which has a ref for each key of its hash; else the first."""
    if len(refs) < 2 or not isinstance(known, dict):
        return refs[0] if refs else None
    shown = [address for address in known["addresses"] if address["ref"] in refs]
    return max(shown, key=_rank)["ref"] if shown else refs[0]


def _rank(address: Address) -> tuple[int, str]:
    return _BADNESS[address["status"]], address["ref"]


def address_denial(address: JudgedAddress) -> Decision | None:
    """Why the address is closed for ever; None: it is not."""
    if address.status is None or (reason := _CLOSED.get(address.status)) is None:
        return None
    return Decision("deny", reason)


_OF_ALL: dict[str, Reason] = {"erased": "erased", "deceased": "deceased", "do_not_contact": "do_not_contact"}
_OF_CHANNEL: dict[str, Reason] = {
    "unsubscribed": "unsubscribed",
    "complained": "complained",
    "opted_out": "opted_out",
    "consent_withdrawn": "consent_withdrawn",
}
_ERASED = Decision("deny", "erased")


def stop_denial(known: KnownProfile, policy: Policy, request: PermissionRequest, at: int) -> Decision | None:
    """Why nobody, or not this sender or list, may reach the person on the channel; None: no stop binds."""
    if known is None:
        return None
    if known == "erased":
        return _ERASED
    stops, closures = known["stops"], policy.closures
    if (stop := stops.get("all")) is not None and (found := _of_all(stop, at)) is not None:
        return found
    if len(stops) > 2 and (found := _channel(known, closures, request.channel)) is not None:
        return found
    if known["consent"].get(request.channel) is False:
        return Decision("deny", "no_consent")
    if stops["senders"] and (found := _sender(stops["senders"], policy, request)) is not None:
        return found
    return _list(stops["lists"], closures, request) if stops["lists"] else None


def _of_all(stop: Stop, at: int) -> Decision | None:
    """A suppression may have an end, and is told with it; one whose end cannot be read has none."""
    until = stop.get("until")
    end = None if until is None else parse_time(until)
    if end is not None and end <= at:
        return None
    return Decision("deny", _OF_ALL.get(stop["reason"], "suppressed"), (evidence_of(stop),), end)


def _channel(profile: ContactProfile, closures: Closures, channel: Channel) -> Decision | None:
    """A stop of the channel itself comes before one that the policy carries over from another."""
    stops = profile["stops"]
    if (stop := stops.get(channel)) is not None:
        return _of_channel(stop)
    for other in CHANNELS:
        stop = stops.get(other)
        if (
            stop is not None
            and stop["reason"] in _OF_CHANNEL
            and channel in getattr(closures.also_closes, stop["reason"])
        ):
            return _of_channel(stop)
    return None


def _of_channel(stop: Stop) -> Decision:
    return Decision("deny", _OF_CHANNEL.get(stop["reason"], "consent_withdrawn"), (evidence_of(stop),))


def _sender(stops: Mapping[str, Stop], policy: Policy, request: PermissionRequest) -> Decision | None:
    """A sender who is named is stopped on every channel: a profile does not say of which it was said."""
    closures, country = policy.closures, policy.hours.country
    unnamed = request.sender is None and closures.without_sender == "deny"
    if request.channel == "text" and (unnamed or closures.sender_stop == "everyone"):
        return _scoped("sender_stopped", stops.values())
    if request.sender is None:
        return None
    asked = request.sender
    heard = [stop for sender, stop in stops.items() if is_same_sender(sender, asked, country)]
    return _scoped("sender_stopped", heard) if heard else None


def _list(stops: Mapping[str, Stop], closures: Closures, request: PermissionRequest) -> Decision | None:
    """Why the list of the request is closed to the person; a receipt is of no list, so it need not name one."""
    unnamed = request.list_id is None and closures.without_list == "deny" and request.purpose != "transactional"
    if request.channel == "email" and (unnamed or closures.list_stop == "everyone"):
        return _scoped("list_stopped", stops.values())
    if request.list_id is None:
        return None
    asked = plain_list(request.list_id)
    heard = [stop for name, stop in stops.items() if plain_list(name) == asked]
    return _scoped("list_stopped", heard) if heard else None


def plain_list(list_id: str) -> str:
    """One list however it is written: case and surrounding space make no other list of it."""
    return list_id.strip().casefold()


def _scoped(reason: Literal["sender_stopped", "list_stopped"], stops: Iterable[Stop]) -> Decision:
    return Decision("deny", reason, tuple(sorted(map(evidence_of, stops))))


def evidence_of(stop: Stop) -> Evidence:
    """The interaction that closed it."""
    return Evidence(stop["source"], stop["id"])


def purpose_denial(profile: ContactProfile, policy: Policy, request: PermissionRequest) -> Decision | None:
    """Why the person is not to be asked for what the request is for; None: nothing speaks against it."""
    if request.purpose == "mobilisation":
        return _opposed(profile, policy) or _voted(profile, policy, request)
    if request.purpose == "fundraising" and policy.giving.limits:
        return _maxed_out(profile, policy, request)
    return None


def _opposed(profile: ContactProfile, policy: Policy) -> Decision | None:
    canvass = profile["canvass"]
    if canvass["support"] not in policy.mobilisation.support:
        return None
    by = canvass["support_by"]
    return Decision("deny", "opposed", () if by is None else (_evidence_of_item(by),))


def _voted(profile: ContactProfile, policy: Policy, request: PermissionRequest) -> Decision | None:
    """In the election that is named; where none is, in any that is not over."""
    ballots = profile["ballot"]
    elections = policy.elections.current if request.election is None else (request.election,)
    for election in elections:
        ballot = ballots.get(election)
        if ballot is not None and ballot["status"] in policy.mobilisation.ballot:
            return Decision("deny", "voted", (_evidence_of_item(ballot),))
    return None


def _maxed_out(profile: ContactProfile, policy: Policy, request: PermissionRequest) -> Decision | None:
    """To any committee in any election that the request may be for: what it does not name may be each."""
    committees = profile["donations"]["by_committee"]
    for committee in committees if request.committee is None else (request.committee,):
        if (total := committees.get(committee)) is None:
            continue
        given = total["elections"]
        for election in _elections(given, policy, request):
            limits = policy.giving.limit(committee, election)
            if any(given[election].get(currency, 0) >= limit for currency, limit in limits.items()):
                return Decision("deny", "maxed_out")
    return None


def _elections(given: Iterable[str], policy: Policy, request: PermissionRequest) -> Iterator[str]:
    if request.election is not None:
        return (election for election in given if election == request.election)
    current = policy.elections.current
    return (election for election in given if not current or election in current)


def _evidence_of_item(item: EvidenceItem | Ballot) -> Evidence:
    """The interaction behind a part of the profile."""
    return Evidence(item["source"], item["id"])
