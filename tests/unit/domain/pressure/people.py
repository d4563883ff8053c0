"""People as a profile shows them, requests and policies, each test changing only what it is about."""

import tomllib
from typing import Any

from events.interactions.base import Channel, Purpose
from events.outputs import Address, AddressStatus, ContactProfile, Stop, Touch
from events.times import parse_time, render_time
from streams.domain.contact import ContactState, profile
from streams.domain.pressure import Decision, PermissionRequest, Policy, default_policy_text, read_policy
from streams.domain.pressure.asking import Evidence

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def ms(text: str) -> int:
    """The time of `2026-03-08T12:00:00Z`."""
    found = parse_time(text)
    assert found is not None
    return found


NOON = ms("2026-02-04T17:00:00Z")
"""A Wednesday, noon in New York."""

EMAIL, PHONE = "e" * 16, "f" * 16


def person(**parts: Any) -> ContactProfile:
    """Somebody in New York with a mail address and a phone number, of whom nothing else is known but `parts`."""
    known = profile("ada", ContactState())
    known["zones"] = {"time_zone": "America/New_York", "region": None, "postal_code": None}
    known["addresses"] = [address(EMAIL, "email"), address(PHONE, "phone")]
    return known | parts  # type: ignore[return-value] # a test says what it means


def address(ref: str, channel: Channel, status: AddressStatus = "ok") -> Address:
    return {"ref": ref, "channel": channel, "status": status}


def touch(
    at: int,
    channel: Channel = "email",
    purpose: Purpose = "fundraising",
    team: str = "digital",
    id_: str | None = None,
) -> Touch:
    return {
        "channel": channel,
        "purpose": purpose,
        "at": render_time(at),
        "team": team,
        "source": f"{team}/mailer",
        "id": f"t{at}" if id_ is None else id_,
    }


def shown(touch: Touch) -> Evidence:
    return Evidence(touch["source"], touch["id"])


def stop(reason: str, id_: str = "s1", **more: str) -> Stop:
    said: Stop = {"reason": reason, "at": render_time(NOON - DAY), "source": "texts/relay", "id": id_}
    return said | more  # type: ignore[return-value] # `until` too


STOPPED = Evidence("texts/relay", "s1")


def asking(channel: Channel = "email", purpose: Purpose = "fundraising", **more: Any) -> PermissionRequest:
    return PermissionRequest(channel=channel, purpose=purpose, **{"team": "digital", **more})


def settings(**changes: Any) -> dict[str, Any]:
    """The default file's content; `caps__email=...` changes that key, None takes it out."""
    said = tomllib.loads(default_policy_text())
    for path, value in changes.items():
        *places, last = path.split("__")
        section = said
        for place in places:
            section = section.setdefault(place, {})
        if value is None:
            del section[last]
        else:
            section[last] = value
    return said


def policy(**changes: Any) -> Policy:
    return Policy.model_validate(settings(**changes))


def ruled(decision: Decision) -> tuple[str, str]:
    return decision.decision, decision.reason


def default() -> Policy:
    found = read_policy(default_policy_text())
    assert isinstance(found, Policy)
    return found


_CHANNELS = ("email", "text", "phone", "door", "letter")
_UNLIMITED = {
    "points": None,
    **{f"caps__{name}": [{"window": "30d", "at_most": 100}] for name in (*_CHANNELS, "any")},
    **{f"gaps__{name}": "0m" for name in (*_CHANNELS, "across_channels", "across_teams")},
    **{f"hours__{name}": {"daily": "00:00-24:00"} for name in _CHANNELS},
}


def unlimited(**changes: object) -> Policy:
    """A policy in which nothing limits anybody but `changes`."""
    return policy(**(_UNLIMITED | changes))
