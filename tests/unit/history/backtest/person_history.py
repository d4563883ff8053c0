"""Builds the facts of a person in a few words, in the order in which they came."""

import orjson

from events.harmonised import harmonise
from events.json_types import JSON
from events.refusal import Refusal
from events.times import render_time
from streams.domain.contact.facts.from_records import read_said
from streams.history.backtest.person_facts import PersonFact
from tests.unit.events.records import NOW, accepted, event
from tests.unit.worker.agents.contacts.interaction_records import HASHER

HOUR = 3_600_000
DAY = 24 * HOUR


class PersonHistory:
    """Facts of a person. Times in hours before NOW, which is 10:00 UTC on a Wednesday."""

    def __init__(self) -> None:
        self.said: list[PersonFact] = []

    def say(self, type_: str, hours: float, id_: str = "", **data: JSON) -> str:
        """Add an interaction; returns its id."""
        at = NOW - round(hours * HOUR)
        content = event(type_, **data) | {"id": id_ or f"i{len(self.said)}", "time": render_time(at)}
        fragment, value = harmonise(accepted(content), HASHER)
        read = read_said(value, NOW + len(self.said))
        assert not isinstance(read, Refusal)
        self.said.append(PersonFact(fragment, *read))
        return str(orjson.loads(value)["id"])
