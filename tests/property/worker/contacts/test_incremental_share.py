"""Most of what the demo tells is folded the fast way: a bound on how often it declines, which no machine changes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import ClassVar

from events.envelope import Interaction, Record, decode
from events.harmonised import harmonise
from streams.demo.script import as_sent, contributions, simulate
from streams.domain.contact import ContactState
from streams.domain.contact import decode as decode_state
from streams.domain.contact import encode as encode_state
from streams.domain.pressure import default_policy
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.contacts.interactions import Arrived, InteractionsHandler
from streams.worker.agents.contacts.output_records import RecordBuilder
from tests.property.worker.contacts.incremental_cases import HASHER
from tests.unit.domain.contact.said import NOON
from tests.unit.engine.kafka_records import SOURCE, Fetched

DONATIONS, CHUNK = 2_000, 50
LEAST = 0.85
"""The share of what comes of one contact at a time that is folded the fast way. It is 0.92, with the first words."""


class Counting(InteractionsHandler):
    """Counts what is folded at all, and what the full way."""

    ways: ClassVar[Counter[str]] = Counter()

    def _fold(self, key: bytes, before: ContactState, arrived: Sequence[Arrived]) -> ContactState:
        self.ways["all"] += 1
        return super()._fold(key, before, arrived)

    def _fold_whole(self, key: bytes, before: ContactState, arrived: Sequence[Arrived]) -> ContactState:
        self.ways["full"] += 1
        return super()._fold_whole(key, before, arrived)


def _told() -> Iterator[Fetched]:
    """The demo's records as intake writes them, one appended each millisecond; nobody is linked to anybody."""
    donations = [as_sent(row) for row in islice(contributions(), DONATIONS) if isinstance(row, Interaction)]
    for offset, one in enumerate(simulate(donations, seed=1, scale=0.1)):
        found = decode(Record(one.topic, one.value, tuple(one.headers), NOON + 200 * 86_400_000 + offset))
        if isinstance(found, Interaction):
            key, value = harmonise(found, HASHER)
            yield Fetched(offset, value, key.encode(), (), NOON + offset)


def test_most_of_the_demo_is_folded_the_fast_way() -> None:
    states = States(MemoryStore(), Codec(encode_state, decode_state), RecentStates(1 << 30))
    told = list(_told())
    for start in range(0, len(told), CHUNK):
        folding = Counting(states, RecordBuilder(SOURCE.partition, 8, 1), NOON, default_policy())
        folding.take(told[start : start + CHUNK])
        changes = folding.effects.changes
        encoded = {key: None if state is None else encode_state(state) for key, state in changes.items()}
        states.commit(changes, encoded, Position("topic", 1, start))
    ways = Counting.ways
    assert ways["all"] > len(told) // 2
    assert 1 - ways["full"] / ways["all"] >= LEAST
