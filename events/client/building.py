"""Builds an event and judges it before anything is sent."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson

from events.envelope import Record
from events.pre_send_check import judge_before_sending
from events.refusal import Refusal
from events.registry import topic_of
from events.unknown_fields import unknown_fields


class InvalidEvent(ValueError):
    """An event that the input topics would refuse. Its text names the field and the cure, and repeats no value."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.reason.value}: {refusal.detail}")
        self.reason = refusal.reason.value


class UnknownFieldWarning(UserWarning):
    """An event has a field that its type does not know: it is sent, and counts for nothing.

    Like any warning it is shown once for each place of a program; `warnings.simplefilter("error", UnknownFieldWarning)`
    makes tests fail of it.
    """


@dataclass(frozen=True, slots=True)
class Ready:
    """A valid event: the topic to send it to, and the record's value."""

    topic: str
    value: bytes


def build(  # noqa: PLR0913 (the attributes of an envelope)
    type_: str,
    data: Mapping[str, Any],
    *,
    source: str,
    time: datetime | str,
    id_: str | None = None,
    phone_region: str = "US",
    now_ms: int | None = None,
) -> Ready:
    """A valid event in structured mode. Raises `InvalidEvent`, and `ValueError` for a `time` without a time zone.

    `source`: TEAM/TOOL. `time`: when it happened, RFC 3339 or with a time zone. `id_`: of the act, so that the same act
    said again is one; None: a new one, and then only this producer's own retries are recognised. `data`: as the type's
    schema says, with the `contact`. `now_ms`: milliseconds since 1970, by which a time in the future is refused; None:
    it is not. Warns (`UnknownFieldWarning`) of fields that the type does not know.
    """
    if isinstance(time, datetime):
        if time.tzinfo is None:
            raise ValueError("time: give it with a time zone")
        time = time.isoformat()
    event = {
        "specversion": "1.0",
        "id": id_ or uuid4().hex,
        "source": source,
        "type": type_,
        "time": time,
        "data": dict(data),
    }
    ready = Ready(topic_of(type_), orjson.dumps(event))
    judged = judge_before_sending(
        Record(ready.topic, ready.value, (), _ALWAYS if now_ms is None else now_ms), phone_region
    )
    if isinstance(judged, Refusal):
        raise InvalidEvent(judged)
    for unknown in unknown_fields(type_, {**data}):
        warnings.warn(str(unknown), UnknownFieldWarning, _SENDERS_FRAME)
    return ready


_ALWAYS = 1 << 62
_SENDERS_FRAME = 3
"""How many frames above the warning `send` was called."""
