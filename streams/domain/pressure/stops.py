"""What closes a person, a channel, a sender or a list."""

from collections.abc import Iterable, Mapping
from typing import Literal

from events.interactions.base import Channel
from events.normalise import normalise_phone
from events.outputs import ContactProfile, Stop
from events.times import parse_time
from streams.domain.pressure.asking import Decision, Evidence, Known, PermissionRequest, Reason
from streams.domain.pressure.policy import CHANNELS, Closures, Policy

_OF_ALL: dict[str, Reason] = {"erased": "erased", "deceased": "deceased", "do_not_contact": "do_not_contact"}
_OF_CHANNEL: dict[str, Reason] = {
    "unsubscribed": "unsubscribed",
    "complained": "complained",
    "opted_out": "opted_out",
    "consent_withdrawn": "consent_withdrawn",
}
_ERASED = Decision("deny", "erased")


def closed(known: Known, policy: Policy, request: PermissionRequest, at: int) -> Decision | None:
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
    asked = plain_sender(request.sender, country)
    heard = [stop for sender, stop in stops.items() if plain_sender(sender, country) == asked]
    return _scoped("sender_stopped", heard) if heard else None


def plain_sender(sender: str, country: str) -> str:
    """One sender however it is written: a phone number in E.164, else the letters and digits of its short code."""
    return normalise_phone(sender, country) or "".join(filter(str.isalnum, sender)).casefold()


def _list(stops: Mapping[str, Stop], closures: Closures, request: PermissionRequest) -> Decision | None:
    """The same of lists. A receipt is of no list, so it need not name one."""
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
