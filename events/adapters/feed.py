"""The interface of adapters, which turn vendors' data into interactions: their settings and their three results.

An adapter is a pure function: the body of a webhook or a row of an export in, results out, in the order of the
elements. It raises nothing, whatever the bytes are, and a bad element does not affect the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from events.envelope import Interaction
from events.interactions.base import Provenance
from events.purpose_wall import OPEN, Wall
from events.refusal import Refusal

NO_CODES: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Feed:
    """One account of one vendor: its CloudEvents source, and how its values are read.

    `source`: `<team>/<vendor>`. `received_at`: ms since 1970, by which times in the future are refused. `phone_region`
    and `time_zone` (IANA) are for numbers and times that name none. `codes`: a vendor's own mapping from a file,
    validated by the adapter that needs one. `provenance`: where contacts come from which people leave as they give,
    sign or sign up; for what names no such place itself. `wall`: kinds of source, and
    guesses at descent, of which a no alone is taken.
    """

    source: str
    received_at: int
    phone_region: str = "US"
    time_zone: str = "UTC"
    codes: Mapping[str, Any] = field(default_factory=lambda: NO_CODES)
    provenance: Provenance | None = None
    wall: Wall = OPEN


@dataclass(frozen=True, slots=True)
class RefusedElement:
    """An element that is refused: its bytes as they came, for the dead letters, and why."""

    element: bytes
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class SkippedElement:
    """An element that is about no act of a person, such as a test: it is only counted. `why`: a short code."""

    why: str


AdapterResult = Interaction | RefusedElement | SkippedElement
Adapter = Callable[[bytes, Feed], list[AdapterResult]]
"""An adapter: a body to its results. An element may give several interactions, such as a report and an opt-out."""
