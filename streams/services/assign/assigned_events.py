"""`experiment.assigned` for everybody who is in an experiment, also who gets nothing: no other event names those.

A second run says the same again under the same ids, and the fold drops the copies. Whoever gets another variant by
then, since the definition has changed, is told of under another id: they stay in the first, and are contaminated.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import orjson
from kafka import KafkaProducer

from events.experiments import ExperimentDefinition
from events.json_types import JSON
from events.times import render_time
from events.topics import OUTREACH_EVENTS
from streams.domain.experiments.assignment import assignment_id
from streams.services.assign.list_assignment import AssignedUnit

TYPE = "experiment.assigned"
PATIENCE_S = 60.0


class Assigner(NamedTuple):
    """Who assigns: the `source` of the events, and whose they are. `team` None: the first part of the source."""

    source: str
    team: str | None = None


class AssignmentPublisher:
    """Sends what was given. `now` tells ms since 1970."""

    def __init__(
        self, producer: KafkaProducer, definition: ExperimentDefinition, voice: Assigner, now: Callable[[], int]
    ) -> None:
        self._producer = producer
        self._definition = definition
        self._voice = voice
        self._now = now

    def tell(self, given: Sequence[AssignedUnit]) -> None:
        """Send these; all replicas have them then. Raises `KafkaError` when Kafka does not take one within a minute."""
        at = render_time(self._now())
        events = (orjson.dumps(assigned(self._definition, each, self._voice, at)) for each in given)
        futures = [self._producer.send(OUTREACH_EVENTS, event) for event in events]
        self._producer.flush(PATIENCE_S)
        for future in futures:
            future.get(PATIENCE_S)


def assigned(definition: ExperimentDefinition, given: AssignedUnit, voice: Assigner, at: str) -> dict[str, JSON]:
    """The event; `at` in RFC 3339."""
    unit = given.unit
    data: dict[str, JSON] = {"contact": unit.contact, "experiment": {"id": definition.id, "variant": given.variant}}
    if unit.cluster is not None:
        data["cluster"] = unit.cluster
    if voice.team is not None:
        data["team"] = voice.team
    return {
        "specversion": "1.0",
        "id": assignment_id(definition, unit.person, given.variant),
        "source": voice.source,
        "type": TYPE,
        "time": at,
        "data": data,
    }
