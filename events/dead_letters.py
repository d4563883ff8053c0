"""Headers of `dead-letters`: enough to find the record again, to know why it was refused and to send it anew.

The value is the record's own, byte for byte, and its own headers come first, so that nothing of it is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from events.refusal import Reason, Refusal
from events.times import parse_time, render_time

Headers = Sequence[tuple[str, bytes | None]]

OWN_NAMES = frozenset(f"dl_{name}" for name in ("reason", "detail", "stage", "topic", "partition", "offset", "time"))
"""Names of headers that are added to a refused record."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record stood: `stage` is the step that refused it, `offset` the line in an imported file."""

    stage: str
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Why and where a record was refused. `time`: when, in milliseconds since 1970."""

    refusal: Refusal
    origin: Origin
    time: int

    @classmethod
    def of(cls, headers: Headers) -> "DeadLetter | None":
        """Read from headers; of a record that was refused twice the latest. None: these are no dead letter's."""
        text = {name: (value or b"").decode(errors="replace") for name, value in headers if name.startswith("dl_")}
        try:
            refusal = Refusal(Reason(text["dl_reason"]), text["dl_detail"])
            partition, offset = int(text["dl_partition"]), int(text["dl_offset"])
            origin = Origin(text["dl_stage"], text["dl_topic"], partition, offset)
            time = parse_time(text["dl_time"])
        except (KeyError, ValueError):
            return None
        return None if time is None else cls(refusal, origin, time)


def dead_letter_headers(
    headers: Headers, refusal: Refusal, origin: Origin, at_ms: int
) -> list[tuple[str, bytes | None]]:
    """The record's own headers, then `dl_*` as UTF-8 text. `at_ms`: when it was refused, milliseconds since 1970."""
    added = {
        "reason": refusal.reason.value,
        "detail": refusal.detail,
        "stage": origin.stage,
        "topic": origin.topic,
        "partition": str(origin.partition),
        "offset": str(origin.offset),
        "time": render_time(at_ms),
    }
    return [*headers, *((f"dl_{name}", text.encode()) for name, text in added.items())]
