"""What a worker had begun and did not commit changes nothing in segments, however it is cut when it comes again."""

from dataclasses import dataclass

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from events.topics import IDENTITY_LINKS, INTERACTIONS
from streams.worker.agents.contacts.agent import fold_chunk
from streams.worker.agents.contacts.class_queries import InputProgress
from streams.worker.agents.contacts.output_records import RecordBuilder
from streams.worker.agents.segments import timers, work
from tests.budgets import shares_fixtures
from tests.property.domain.segments.definitions import tables
from tests.property.worker.links.sayings import Saying, as_they_come, stories
from tests.property.worker.links.world import Log
from tests.property.worker.segments.town import Town
from tests.unit.domain.contact.said import HOUR
from tests.unit.events.records import NOW


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "STATES_AT_ONCE", 2)
    monkeypatch.setattr(work, "DUE_AT_ONCE", 2)
    monkeypatch.setattr(timers, "AT_ONCE", 3)
    monkeypatch.setattr(timers, "MOST", 4)


@dataclass
class Unsteady(Town):
    """A town in which chunks are folded, not committed, and folded again with another cut."""

    data: st.DataObject | None = None

    def work(self, log: Log, count: int) -> None:
        """Fold records, perhaps others before in vain."""
        if self.data is not None and log[0] != IDENTITY_LINKS and self.data.draw(st.integers(0, 2)) == 0:
            self._fold_in_vain(log, self.data.draw(st.integers(1, 5)))
        super().work(log, count)

    def _fold_in_vain(self, log: Log, count: int) -> None:
        topic, number = log
        start = self.read[log]
        chunk = self.logs[log][start : start + count]
        states = self._states(number)
        builder = RecordBuilder(number, self.partitions, self.generation)
        progress = InputProgress(self.read[INTERACTIONS, number], len(self.logs[INTERACTIONS, number]))
        fold_chunk(topic, states, chunk, builder, 0, policy=self.policy, progress=progress)
        states.memory.clear()  # as the partition is opened anew


@shares_fixtures
@given(stories(), tables(3), tables(3), st.lists(st.integers(0, 60 * 24), max_size=3), st.data())
def test_what_was_folded_and_not_committed_changes_nothing(
    story: list[Saying],
    found: list[dict[str, object]],
    later: list[dict[str, object]],
    hours: list[int],
    data: st.DataObject,
) -> None:
    town = Unsteady(is_warm=True, data=data)
    town.define(found)
    half = data.draw(st.integers(0, len(story)))
    town.hear(story[:half])
    as_they_come(town, data)
    town.define(later)
    town.withdraw({str(table["id"]) for table in found} - {str(table["id"]) for table in later})
    town.hear(story[half:])
    at = NOW
    for hour in hours:
        at += hour * HOUR
        town.tick(at)
        as_they_come(town, data)
    town.tick(at + HOUR)
    as_they_come(town, data)
    assert town.names() == town.should_be(later, at + HOUR)
    assert town.is_complete()
    for cause in town.causes:
        event(cause)
