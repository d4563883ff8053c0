"""A producer for tests: it judges as the real ones do, and keeps what would have been sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from events.client.building import Ready, build


class FakeProducer:
    """`sent` holds every event in order. `source`: as of the real ones."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.sent: list[Ready] = []

    def send(self, type_: str, data: Mapping[str, Any], *, time: datetime | str, id_: str | None = None) -> None:
        """Keep an event. Raises `InvalidEvent`."""
        self.sent.append(build(type_, data, source=self._source, time=time, id_=id_))

    def events(self, type_: str | None = None) -> list[dict[str, Any]]:
        """What was sent, as JSON; of one type only if it is named."""
        found = [orjson.loads(one.value) for one in self.sent]
        return [event for event in found if type_ in (None, event["type"])]
