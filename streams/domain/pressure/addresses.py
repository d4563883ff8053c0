"""Which of a person's addresses is meant, and whether it can be reached."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from events.interactions.base import Channel
from events.outputs import Address, AddressStatus, ContactProfile
from streams.domain.pressure.asking import Decision, Known, Reason

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


class Addressed(NamedTuple):
    """`status` None: the channel goes by addresses, and this one, or any, is not known to be the person's."""

    ref: str | None
    status: AddressStatus | None


_ANYWHERE = Addressed(None, "ok")


def addressed(profile: ContactProfile, channel: Channel, ref: str | None) -> Addressed:
    """The address `ref`; None: the best one of the person for the channel, of equals the smallest ref."""
    kind = _KIND.get(channel)
    if kind is None:
        return _ANYWHERE
    best: Address | None = None
    for address in profile["addresses"]:
        if address["channel"] != kind or (ref is not None and address["ref"] != ref):
            continue
        if best is None or _rank(address) < _rank(best):
            best = address
    return Addressed(ref, None) if best is None else Addressed(best["ref"], best["status"])


def meant(known: Known, refs: Sequence[str]) -> str | None:
    """The `ref` of an address that has several, one for each key of its hash: of those that are known the worst."""
    if len(refs) < 2 or not isinstance(known, dict):
        return refs[0] if refs else None
    shown = [address for address in known["addresses"] if address["ref"] in refs]
    return max(shown, key=_rank)["ref"] if shown else refs[0]


def _rank(address: Address) -> tuple[int, str]:
    return _BADNESS[address["status"]], address["ref"]


def unreachable(address: Addressed) -> Decision | None:
    """Why the address is closed for ever; None: it is not."""
    if address.status is None or (reason := _CLOSED.get(address.status)) is None:
        return None
    return Decision("deny", reason)
