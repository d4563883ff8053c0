"""The headers of `dead-letters`: enough to find the record again, to know why it was refused and to requeue it.

The value is the record's own, byte for byte, and its own headers come first, so that nothing of it is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from events.refusal import Reason, Refusal
from events.times import is_a_time, parse_time, render_time

Headers = Sequence[tuple[str, bytes | None]]

_ALWAYS = ("reason", "detail", "stage", "topic", "partition", "offset", "time")
_LAST_OFFSET = "last_offset"
_RECORD_TIME = "record_time"
RECORD_TIME = f"dl_{_RECORD_TIME}"
"""The header with the timestamp of the record that was refused, RFC 3339; a requeued record carries it on."""
OWN_NAMES = frozenset(f"dl_{name}" for name in (*_ALWAYS, _LAST_OFFSET, _RECORD_TIME))
"""The names of the headers that are added to a refused record."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The place of a refused record; `stage`: the step that refused it, `offset`: the line in an imported file.

    `last_offset`: of the last record, where one dead letter stands for several of a batch that cannot be separated.
    """

    stage: str
    topic: str
    partition: int
    offset: int
    last_offset: int | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Why and where a record was refused. `time`: when, in milliseconds since 1970.

    `record_time`: the timestamp of the record when it was first refused, ms; `time` where no header tells.
    """

    refusal: Refusal
    origin: Origin
    time: int
    record_time: int

    @classmethod
    def of(cls, headers: Headers) -> "DeadLetter | None":
        """Read a dead letter's headers; of a record that was refused twice, the latest. None: it is no dead letter."""
        text = _latest(headers)
        try:
            refusal = Refusal(Reason(text["dl_reason"]), text["dl_detail"])
            partition, offset = int(text["dl_partition"]), int(text["dl_offset"])
            last = int(text["dl_last_offset"]) if "dl_last_offset" in text else None
            origin = Origin(text["dl_stage"], text["dl_topic"], partition, offset, last)
            time = parse_time(text["dl_time"])
        except (KeyError, ValueError):
            return None
        return None if time is None else cls(refusal, origin, time, first_heard(headers, time))


def first_heard(headers: Headers, appended_at: int) -> int:
    """The earliest time at which a record is known to have been in Kafka, ms; `appended_at`: its own timestamp.

    A producer may forge the header, so nothing may depend on it that an earlier time would open.
    """
    told = (parse_time((value or b"").decode(errors="replace")) for name, value in headers if name == RECORD_TIME)
    return min([appended_at, *(time for time in told if time is not None)])


def _latest(headers: Headers) -> dict[str, str]:
    """The headers that were added last; earlier ones may be anything."""
    text: dict[str, str] = {}
    for name, value in headers:
        if name == "dl_reason":
            text.clear()
        if name in OWN_NAMES:
            text[name] = (value or b"").decode(errors="replace")
    return text


def dead_letter_headers(
    headers: Headers, refusal: Refusal, origin: Origin, at_ms: int, appended_at: int | None = None
) -> list[tuple[str, bytes | None]]:
    """The record's own headers, then `dl_*` as UTF-8 text.

    `at_ms`: when it was refused, ms since 1970. `appended_at`: the timestamp of the record, ms; None: it was no record.
    """
    heard_at = appended_at if appended_at is not None and is_a_time(appended_at) else at_ms
    added = {
        "reason": refusal.reason.value,
        "detail": refusal.detail,
        "stage": origin.stage,
        "topic": origin.topic,
        "partition": str(origin.partition),
        "offset": str(origin.offset),
        "time": render_time(at_ms),
        _RECORD_TIME: render_time(first_heard(headers, heard_at)),
    }
    if origin.last_offset is not None:
        added[_LAST_OFFSET] = str(origin.last_offset)
    return [*headers, *((f"dl_{name}", text.encode()) for name, text in added.items())]
