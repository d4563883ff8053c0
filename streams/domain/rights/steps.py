"""Steps of requests as records of `rights-requests`: read, and made.

Each step has a record of its own, by request and step, so that two who write at once take nothing from each other.
"""

from datetime import date
from hashlib import sha256
from typing import Literal, TypeAlias

import msgspec

from events.json_types import UNREADABLE
from events.rights_requests import ExtensionReason, RightsDeed, RightsKind, RightsOutcome

_COUNTED = "counted"
CountedOutcome: TypeAlias = RightsOutcome | Literal["erased"]


class _Step(msgspec.Struct, frozen=True, kw_only=True, tag_field="step", omit_defaults=True):
    on: date
    at: str
    by: str


class RequestOpened(_Step, frozen=True, kw_only=True, tag="opened"):
    """A person has asked; `contact_id` None: nobody is known by what they gave."""

    kind: RightsKind
    received: date
    contact_id: str | None = None


class ClockExtended(_Step, frozen=True, kw_only=True, tag="extended"):
    """The person was told that it takes two further months."""

    reason: ExtensionReason


class RequestAnswered(_Step, frozen=True, kw_only=True, tag="answered"):
    """What was asked for was done."""

    did: tuple[RightsDeed, ...]


class RequestClosed(_Step, frozen=True, kw_only=True, tag="closed"):
    """The person was told."""

    outcome: RightsOutcome
    reference: str | None = None


class RequestCount(msgspec.Struct, frozen=True, kw_only=True, tag_field="step", tag=_COUNTED):
    """What is kept of a request that is forgotten, since its person was erased or it is old."""

    kind: RightsKind
    year: int
    outcome: CountedOutcome
    in_time: bool


RequestStep: TypeAlias = RequestOpened | ClockExtended | RequestAnswered | RequestClosed
RightsRecord: TypeAlias = RequestStep | RequestCount

_decoder: msgspec.json.Decoder[RightsRecord] = msgspec.json.Decoder(RightsRecord)
_write = msgspec.json.Encoder().encode


def step_record(request: str, step_id: str, step: RequestStep) -> tuple[bytes, bytes]:
    """Key and value of the record of a step. `step_id`: one that no other step of the request has."""
    return f"{request}/{step_id}".encode(), _write(step)


def count_record(request: str, count: RequestCount) -> tuple[bytes, bytes]:
    """Key and value of the record that counts a request that is forgotten."""
    return count_key(request).encode(), _write(count)


def count_key(request: str) -> str:
    """The key of a request's count: the same each time. Who knows the id of a request finds its count, nobody else."""
    return f"{_COUNTED}/{sha256(request.encode()).hexdigest()[:32]}"


def request_of(key: str) -> str:
    """The request of a step's key."""
    return key.partition("/")[0]


def read_rights_record(key: bytes | None, value: bytes | None) -> RightsRecord | None:
    """What a record says. None: it is gone, or nothing that this version can read."""
    if not key or value is None:
        return None
    try:
        return _decoder.decode(value)
    except UNREADABLE:
        return None
