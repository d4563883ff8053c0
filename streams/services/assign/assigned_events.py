"""Publishes `experiment.assigned` for everybody in an experiment, holdouts too: no other event names those.

A second run sends the same events under the same ids, and the fold drops the copies. Whoever gets another variant by
then, since the definition has changed, gets an event under another id: they stay in the first variant, contaminated.
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
    """Who assigns: `source` and `team` of the events. `team` None: the first part of the source."""

    source: str
    team: str | None = None


class AssignmentPublisher:
    """Sends assignments. `now` returns ms since 1970."""

    def __init__(
        self, producer: KafkaProducer, definition: ExperimentDefinition, assigner: Assigner, now: Callable[[], int]
    ) -> None:
        self._producer = producer
        self._definition = definition
        self._assigner = assigner
        self._now = now

    def publish(self, assigned: Sequence[AssignedUnit]) -> None:
        """Send these and return once all replicas have them. Raises `KafkaError` when one takes over a minute."""
        at = render_time(self._now())
        events = (orjson.dumps(assigned_event(self._definition, each, self._assigner, at)) for each in assigned)
        futures = [self._producer.send(OUTREACH_EVENTS, event) for event in events]
        self._producer.flush(PATIENCE_S)
        for future in futures:
            future.get(PATIENCE_S)


def assigned_event(
    definition: ExperimentDefinition, assigned: AssignedUnit, assigner: Assigner, at: str
) -> dict[str, JSON]:
    """The event of one assignment; `at`: RFC 3339."""
    unit = assigned.unit
    data: dict[str, JSON] = {"contact": unit.contact, "experiment": {"id": definition.id, "variant": assigned.variant}}
    if unit.cluster is not None:
        data["cluster"] = unit.cluster
    if assigner.team is not None:
        data["team"] = assigner.team
    return {
        "specversion": "1.0",
        "id": assignment_id(definition, unit.person, assigned.variant),
        "source": assigner.source,
        "type": TYPE,
        "time": at,
        "data": data,
    }
