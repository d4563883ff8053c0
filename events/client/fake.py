"""A producer for tests: it judges events as the real ones do, and keeps those that would be sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from events.client.building import Ready, build


class FakeProducer:
    """A producer that sends nothing; `sent` has every event in order. `source`: as with the real ones."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.sent: list[Ready] = []

    def send(self, type_: str, data: Mapping[str, Any], *, time: datetime | str, id_: str | None = None) -> None:
        """Keep an event. Raises `InvalidEvent`."""
        self.sent.append(build(type_, data, source=self._source, time=time, id_=id_))

    def events(self, type_: str | None = None) -> list[dict[str, Any]]:
        """The events sent, as JSON; of one type if it is given."""
        found = [orjson.loads(one.value) for one in self.sent]
        return [event for event in found if type_ in (None, event["type"])]
