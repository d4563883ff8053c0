"""The contacts agent on a real table: what it folds, writes and counts."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from events.identity_links import CanonicalId, write_canonical_id
from streams.domain.contact import ContactState, decode, encode
from streams.domain.pressure import default_policy
from streams.engine.app import ChunkApp
from streams.engine.decoded_states import Codec, Storage
from streams.engine.runs import Run
from streams.engine.store import open_memory_store
from streams.engine.table import ChunkTable, Flow
from streams.platform.settings import Settings
from streams.platform.topics import changelog_name
from streams.worker.agents.contacts import agent as contacts
from streams.worker.agents.contacts import output_records
from streams.worker.agents.contacts.agent import ContactsAgent
from streams.worker.agents.contacts.identity_changes import IdentityChangesHandler
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.intake import dead_letters
from streams.worker.metrics import Metrics
from tests.integration.engine.cluster import Cluster
from tests.integration.engine.trouble import Trouble, troubles_come
from tests.unit.engine.kafka_records import Fetched
from tests.unit.worker.agents.contacts.interaction_records import AT, said, valued


class Team:
    """Workers of one deployment, one after the other, and the topics that they write to."""

    def __init__(self, cluster: Cluster, state_dir: Path) -> None:
        self.cluster = cluster
        state, letters, source = cluster.make("contact-state", "dead-letters", "interactions")
        self.state, self.letters, self.source = TP(state, 0), TP(letters, 0), TP(source, 0)
        self.settings = Settings(app_id=f"team-of-{source}", partitions=1, state_dir=state_dir)
        cluster.remake(changelog_name(self.settings, "contacts"))
        self.metrics = Metrics(CollectorRegistry())
        self.table = self.new_worker()

    def new_worker(self) -> ChunkTable[ContactState]:
        app = ChunkApp(self.settings, self.cluster.kafka, lambda _: None)
        storage = Storage(open_memory_store, Codec(encode, decode), 1 << 20)
        self.table = app.chunk_table("contacts", 1, storage, Flow([self.source.topic]))
        return self.table

    async def fold(self, *records: Fetched) -> None:
        await self.hear(*records, source=self.source)

    async def hear(self, *records: Fetched, source: TP) -> None:
        parts = self.table, self.settings, self.metrics, lambda: AT
        agent = ContactsAgent(*parts, policy=default_policy, on_work=lambda *_: None)
        placed = [Fetched(r.offset, r.value, r.key, r.headers, r.timestamp, *source) for r in records]
        await agent(Run(source, placed, placed[-1].offset + 1, 1))

    async def profiles(self) -> list[tuple[bytes | None, int]]:
        """Key and version of each profile, as readers see them."""
        written = await self.cluster.committed(self.state)
        return [(record.key, orjson.loads(record.value or b"")["version"]) for record in written]

    def counted(self, outcome: str) -> float | None:
        labels = {"topic": self.source.topic, "outcome": outcome}
        return self.metrics.registry.get_sample_value("harmonia_interactions_total", labels)


@pytest.fixture
async def team(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Team]:
    team = Team(cluster, tmp_path)
    monkeypatch.setattr(output_records, "CONTACT_STATE", team.state.topic)
    monkeypatch.setitem(contacts._KINDS, team.source.topic, InteractionsHandler)
    monkeypatch.setattr(dead_letters.dead_letter, "__defaults__", (team.letters.topic,))
    await team.table.take_over([0])
    yield team
    await team.table.close()


async def test_interactions_are_counted_once_when_the_answer_is_lost(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles_come(monkeypatch, iter([Trouble.NOT_COMMITTED, Trouble.ANSWER_LOST]))

    await team.fold(said(0, who="a"), said(1, who="a"), said(2, who="a", id_="i0"), valued(None, said(3)))

    labels = {"stage": "contacts", "reason": "not_json"}
    assert (team.counted("applied"), team.counted("duplicate")) == (2, 1)
    assert team.metrics.registry.get_sample_value("harmonia_duplicates_total") == 1
    assert team.metrics.registry.get_sample_value("harmonia_dead_letters_total", labels) == 1
    assert await team.profiles() == [(b"a", 1)]


async def test_none_is_told_of_a_fragment_before_what_interactions_held_when_it_was_asked(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if another worker has taken over in between, and once nothing waits, at once."""
    links, roofs = (team.cluster.make_partition(purpose) for purpose in ("identity-links", "contact-roofs"))
    monkeypatch.setattr(output_records, "IDENTITY_LINKS", links.topic)
    monkeypatch.setattr(contacts, "INTERACTIONS", team.source.topic)
    monkeypatch.setattr(contacts, "CONTACT_ROOFS", roofs.topic)
    monkeypatch.setitem(contacts._KINDS, roofs.topic, IdentityChangesHandler)
    await team.cluster.put(team.source, [b"a", b"b"])

    await team.fold(said(0, who="a"))
    await team.hear(asking(0, "c"), source=roofs)
    await team.hear(asking(1, "c"), source=roofs)
    assert await team.cluster.committed(links) == []

    await team.table.close()
    await team.new_worker().take_over([0])
    await team.fold(said(1, who="b"))
    await team.hear(asking(2, "d"), source=roofs)
    answers = [(record.key, record.value) for record in await team.cluster.committed(links)]
    assert answers == [(b"seen/c/c/c", None), (b"seen/d/d/d", None)]


def asking(offset: int, node: str) -> Fetched:
    value = write_canonical_id(CanonicalId(node, 1, asks=True))
    return Fetched(offset, value, node.encode(), [("version", b"1")])
