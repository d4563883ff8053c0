"""What an adapter is given beside the bytes, and the three things that it makes of each element.

An adapter is a pure function: the body of a webhook or a row of an export in, results out, in the order of the
elements. It raises nothing, whatever the bytes are; one bad element never costs the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from events.envelope import Interaction
from events.refusal import Refusal

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Feed:
    """One account of one vendor: whose it is, and how its words are to be read.

    `source`: the CloudEvents source of what it says, `<team>/<vendor>`. `received_at`: milliseconds since 1970, by
    which times in the future are refused. `phone_region` and `time_zone` (IANA) read numbers and times that name none.
    `codes`: a vendor's own mapping from a file, already judged by the adapter that wants one.
    """

    source: str
    received_at: int
    phone_region: str = "US"
    time_zone: str = "UTC"
    codes: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Refused:
    """An element that is no interaction: its bytes as they came, for the dead letters, and why."""

    element: bytes
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An element about no person's act: counted, and nothing else. `why`: one of a vendor's few words."""

    why: str


Result = Interaction | Refused | LeftOut
Adapter = Callable[[bytes, Feed], list[Result]]
"""A body to its results. An element may give several interactions (a report and what it opts out of), or one."""
