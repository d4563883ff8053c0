"""A payload of a vendor and what has to come out of it, so that every adapter is held to the same laws."""

import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from events.adapters.feed import AdapterResult, Feed, RefusedElement, SkippedElement
from events.adapters.van import read_codes
from events.envelope import Interaction
from events.times import render_time

CODES = read_codes(
    {
        "contact_types": {"2": "door", "37": "text"},
        "results": {"14": "contacted", "18": "busy"},
        "support": {"90": {"901": 1, "905": 5}},
    }
)
"""Those of an invented committee of VAN's."""
FEED = Feed(source="digital/vendor", received_at=1_764_100_000_000, codes=CODES)
"""Received on 2025-11-25T19:46:40Z."""
HASHED = "a hash of the act"
"""Stands for an id that is one of ours; which it is, is tried by itself."""
_is_hash = re.compile(r"[a-z]+:[0-9a-f]{32}").fullmatch


@dataclass(frozen=True)
class Fixture:
    """`body` as JSON, and of what comes out: (type, time, data), or the reason of a refusal, or what is left out."""

    body: Any
    expected: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)
    refused: str | None = None
    left_out: str | None = None

    @property
    def bytes(self) -> bytes:
        return orjson.dumps(self.body)


def shown(results: list[AdapterResult]) -> tuple[list[tuple[str, str, dict[str, Any]]], list[str], list[str]]:
    """The interactions as (type, time, data without the informational purpose), the reasons and what was left out."""
    interactions = [(one.type, render_time(one.time), _plain(one)) for one in results if isinstance(one, Interaction)]
    refused = [one.refusal.reason.value for one in results if isinstance(one, RefusedElement)]
    return interactions, refused, [one.why for one in results if isinstance(one, SkippedElement)]


def _plain(one: Interaction) -> dict[str, Any]:
    data: dict[str, Any] = one.data.plain()
    if data.get("purpose") == "informational":
        del data["purpose"]
    if "retracts" in data:
        data["retracts"]["id"] = HASHED
    if _is_hash(data.get("message_id", "")):
        data["message_id"] = HASHED
    return data


def wanted(fixture: Fixture) -> tuple[list[tuple[str, str, dict[str, object]]], list[str], list[str]]:
    """What `shown` has to be."""
    return (
        fixture.expected,
        [fixture.refused] if fixture.refused else [],
        [fixture.left_out] if fixture.left_out else [],
    )
