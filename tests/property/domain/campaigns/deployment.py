"""Two partitions of contacts and the table of campaigns, in any cut and order, and with crashes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar

import orjson
from hypothesis import strategies as st

from events.topics import CAMPAIGN_COUNTS
from streams.domain.campaigns import Campaign, CampaignCounts, CampaignRecord, decode, encode
from streams.domain.pressure import Policy
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.campaigns.aggregator import CampaignAggregator
from tests.property.domain.campaigns.sayings import Said
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.worker.agents.contacts.interaction_records import folded, kept

Piece = TypeVar("Piece")


class Deployment:
    """A chunk is folded twice now and then: the first time is a crash before the commit, so nobody saw its outputs."""

    def __init__(self, draw: st.DrawFn, policy: Policy) -> None:
        self._draw = draw
        self._policy = policy
        self._contacts = [MemoryStore(), MemoryStore()]
        self._campaigns = MemoryStore()
        self._counted: list[Fetched] = []
        self._border = draw(st.integers(0, 6))
        self.alerts: list[dict[str, Any]] = []

    def hear(self, said: Sequence[Said]) -> None:
        """Fold all of it, each partition by itself, and add the counts up now and then and in the end."""
        for piece in self._cut(said):
            for store, mine in zip(self._contacts, self._spread(piece), strict=True):
                self._fold(store, mine)
            if self._draw(st.booleans()):
                self._rate()
        self._rate()

    @property
    def counts(self) -> dict[str, CampaignCounts]:
        """Of each campaign."""
        states = {key.decode().partition("/")[2]: decode(value) for key, value in self._campaigns.items()}
        return {name: state.counts for name, state in states.items() if isinstance(state, Campaign)}

    def _spread(self, piece: Sequence[Said]) -> tuple[list[Said], list[Said]]:
        border = self._border
        return [one for one in piece if one.who < border], [one for one in piece if one.who >= border]

    def _fold(self, store: MemoryStore, piece: Sequence[Said]) -> None:
        records = [one.record(offset) for offset, one in enumerate(piece)]
        for _ in range(self._attempts()):
            folding = folded(*records, store=store)
        kept(folding, store)
        outputs = [output for output in folding.effects.outputs if output.topic == CAMPAIGN_COUNTS]
        self._counted += [Fetched(0, output.value, output.key, timestamp=NOW) for output in outputs]

    def _rate(self) -> None:
        for piece in self._cut(self._counted):
            states: States[CampaignRecord] = States(self._campaigns, Codec(encode, decode), RecentStates(0))
            for _ in range(self._attempts()):
                rating = CampaignAggregator(states, 8, self._policy)
                rating.take(piece)
            changes = rating.effects.changes
            encoded = {key: None if value is None else encode(value) for key, value in changes.items()}
            states.commit(changes, encoded, Position("topic", 1, 0))
            self.alerts += [orjson.loads(output.value or b"") for output in rating.effects.outputs]
        self._counted.clear()

    def _attempts(self) -> int:
        return self._draw(st.integers(1, 2))

    def _cut(self, whole: Sequence[Piece]) -> list[Sequence[Piece]]:
        cuts = sorted(self._draw(st.sets(st.integers(1, len(whole) - 1), max_size=5))) if len(whole) > 1 else []
        return [whole[start:end] for start, end in pairwise([0, *cuts, len(whole)]) if start < end]
