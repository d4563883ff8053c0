"""An event, built and judged before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson

from events.envelope import Record, decode
from events.refusal import Refusal
from events.registry import topic_of


class InvalidEvent(ValueError):
    """An event that the input topics would refuse. Its text names the field and the cure, and repeats no value."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.reason.value}: {refusal.detail}")
        self.reason = refusal.reason.value


@dataclass(frozen=True, slots=True)
class Ready:
    """An event that may be sent: where to, and the record's value."""

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
    it is not.
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
    judged = decode(Record(ready.topic, ready.value, (), _ALWAYS if now_ms is None else now_ms), phone_region)
    if isinstance(judged, Refusal):
        raise InvalidEvent(judged)
    return ready


_ALWAYS = 1 << 62
