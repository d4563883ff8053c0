"""The sample for previews is that of a walk through the whole table, whatever is folded before, amid and after it."""

from dataclasses import dataclass, field

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from events.json_types import JSON
from streams.domain.contact import decode, encode
from streams.domain.segments.people_sample import hash_place
from streams.domain.segments.previews import PreviewProgress, read_preview
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.contacts.repository import ContactRepository
from streams.worker.agents.segments import previews, sampling
from streams.worker.agents.segments.sampling import KeptSample, kept_sample
from tests.budgets import shares_fixtures
from tests.property.worker.links.sayings import Saying, as_they_come, erasure, happenings, interaction, stories
from tests.property.worker.links.world import PARTITIONS, Log
from tests.property.worker.segments.test_previews import HOSTS, ask, question, said, told
from tests.property.worker.segments.town import Town
from tests.unit.domain.contact.said import HOUR
from tests.unit.events.records import NOW

EACH = 2
"""Contacts that are drawn of each partition."""


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "KEYS_AT_ONCE", 2)
    monkeypatch.setattr(sampling, "SAMPLE", EACH * PARTITIONS)
    monkeypatch.setattr(sampling, "AHEAD_PER_S", 1_000 * PARTITIONS)
    monkeypatch.setattr(sampling, "LEAST_AHEAD", 1)
    monkeypatch.setattr(sampling, "MOST_AHEAD", 2)
    monkeypatch.setattr(sampling, "PAUSE_MS", 2)


@dataclass
class SampledTown(Town):
    """A town in whose partitions the sample is as it should be after every chunk. `steps`: ms from one to the next."""

    steps: list[int] = field(default_factory=lambda: [1])
    chunks: int = 0

    def work(self, log: Log, count: int) -> None:
        """Fold a chunk, the next step later."""
        self.chunks += 1
        self.clock += self.steps[self.chunks % len(self.steps)]
        super().work(log, count)
        for number in self.at_hand:
            self.agrees(number)

    def sample(self, number: int) -> KeptSample:
        """What a partition has in memory."""
        return kept_sample(self.at_hand[number], self.partitions)

    def contacts(self, number: int) -> list[bytes]:
        """All that are kept in a partition."""
        keys = (key for key, _ in self.stores[number].items())
        return [key for key in keys if key > b"\x02" and b"/" not in key]

    def agrees(self, number: int) -> None:
        """Whoever was walked past or has come is counted, and the first of them are drawn."""
        sample = self.sample(number).people
        passed = [name for name in self.contacts(number) if sample.is_whole or name <= sample.after]
        in_order = sorted((hash_place(name), name) for name in passed)
        assert sample.known == len(passed)
        assert sample.drawn == [one for one in in_order if one[0] < sample.below]
        assert len(sample.drawn) <= sample.most
        assert len(sample.drawn) >= min(sample.most, len(passed)) / 2 or not sample.is_whole


@shares_fixtures
@given(stories(), st.lists(st.integers(0, 3), min_size=1, max_size=9), st.booleans(), st.booleans(), st.data())
def test_the_sample_follows_whatever_is_folded(
    story: list[Saying], steps: list[int], is_asked: bool, is_erased: bool, data: st.DataObject
) -> None:
    town = SampledTown(is_warm=True, steps=steps)
    told(town, story, data)
    if is_asked:
        ask(town, question([HOSTS], is_exact=False))
        as_they_come(town, data)
    for number in range(3 if is_erased else 0):
        erased = interaction("contact.erased", f"erase{number}", NOW, "office/desk", data.draw(erasure()))
        town.say(erased, NOW + 200 * HOUR)
        town.say(data.draw(happenings(f"later{number}")), NOW + 201 * HOUR)
        as_they_come(town, data)
    event(f"whole: {all(town.sample(number).people.is_whole for number in town.at_hand)}")
    event(f"passed over somebody: {any(town.sample(number).people.below <= 2**32 - 1 for number in town.at_hand)}")


@pytest.mark.parametrize("is_ahead", [True, False])
def test_who_was_drawn_ahead_is_judged_in_the_first_step(monkeypatch: pytest.MonkeyPatch, is_ahead: bool) -> None:
    monkeypatch.setattr(sampling, "SAMPLE", 1_000 * PARTITIONS)
    monkeypatch.setattr(previews, "JUDGED_AT_ONCE", 1_000)
    town = SampledTown(is_warm=True, steps=[1 if is_ahead else 0])
    for number in range(12 * PARTITIONS):
        data: dict[str, JSON] = {
            "contact": {"voter_id": f"OH:{number}"},
            "donation_id": f"actblue:{number}",
            "amount": 100,
            "currency": "USD",
        }
        town.say(interaction("donation.made", f"gift{number}", NOW, "team/a", data), NOW)
    town.settle()
    for minute in range(12 * PARTITIONS):
        town.tick(NOW + minute * 60_000)
        town.settle()
    ask(town, question([HOSTS], is_exact=False))
    town.settle()
    for number in range(town.partitions):
        first = read_preview(said(town, number)[1] or b"")
        assert isinstance(first, PreviewProgress)
        assert first.is_done is is_ahead


def test_nobody_walks_ahead_where_a_partition_is_behind_nor_right_after_nor_before_a_clock_that_was_set_back() -> None:
    states = States(MemoryStore(), Codec(encode, decode), RecentStates(0))
    states.store.write({b"voter:OH:%03d" % number: b"" for number in range(200)}, Position("topic", 1, 0))
    sample = KeptSample(PARTITIONS)
    walked = []
    for at, is_behind in [(100, 0), (102, 0), (104, 1), (105, 0), (106, 0), (107, 0), (50, 0), (51, 0)]:
        sample.follow(states, ContactRepository(states), at, is_behind=bool(is_behind))
        walked.append(sample.people.known)
    assert walked == [0, 2, 2, 2, 2, 3, 3, 4]
