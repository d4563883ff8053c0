import orjson

from events.topics import SYSTEM_ALERTS
from sinks.keys import partition_of
from streams.domain.campaigns import (
    Campaign,
    CampaignCounts,
    CampaignRecord,
    CampaignRoll,
    decode,
    encode,
    write_counts,
)
from streams.domain.campaigns.campaign_state import FORGOTTEN_AFTER_MS
from streams.domain.pressure import Policy
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.campaigns.aggregator import CampaignAggregator
from tests.unit.domain.campaigns.sending import DAY, NOON, counts, told
from tests.unit.domain.pressure.people import default, policy
from tests.unit.engine.kafka_records import Fetched

PARTITIONS = 8
CODEC = Codec(encode, decode)


def record(campaign: str, told_of: CampaignCounts, at: int = NOON) -> Fetched:
    return Fetched(0, write_counts(told_of), campaign.encode(), timestamp=at, topic="campaign-counts", partition=0)


class Table:
    """The table of one owner, chunk by chunk."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def fold(self, *records: Fetched, by: Policy | None = None) -> CampaignAggregator:
        """The next chunk, as its owner would commit it."""
        states: States[CampaignRecord] = States(self.store, CODEC, RecentStates(0))
        rating = CampaignAggregator(states, PARTITIONS, by or default())
        rating.take(records)
        changes = rating.effects.changes
        encoded = {key: None if kept is None else encode(kept) for key, kept in changes.items()}
        states.commit(changes, encoded, Position("topic", 1, 0))
        return rating

    @property
    def kept(self) -> dict[bytes, CampaignRecord]:
        return {key: decode(value) for key, value in self.store.items()}


def alerts(rating: CampaignAggregator) -> list[dict[str, object]]:
    return [orjson.loads(output.value or b"") for output in rating.effects.outputs]


def test_counts_of_many_chunks_become_one_alert_keyed_by_campaign() -> None:
    table = Table()
    assert not alerts(table.fold(record("gotv", counts(sent=600)), record("gotv", counts(sent=600))))
    rating = table.fold(record("gotv", counts(last_sent=None, complaints=told(4))))
    [output] = rating.effects.outputs
    assert (output.topic, output.partition, output.key) == (SYSTEM_ALERTS, partition_of("gotv", PARTITIONS), b"gotv")
    [alert] = alerts(rating)
    assert {name: alert[name] for name in ("rule", "subject", "at", "evidence", "detail")} == {
        "rule": "campaign_complaints",
        "subject": "gotv",
        "at": "2012-02-21T12:00:00.000Z",
        "evidence": [{"source": "digital/mailer", "id": f"r000{number}"} for number in (3, 2, 1, 0)],
        "detail": "gmail: 4 complaints of 1200 sent, 0.333 %; the limit is 0.3 %, from 1000 on",
    }
    assert rating.alerts == {"campaign_complaints": 1}
    assert not alerts(table.fold(record("gotv", counts(complaints=told(9)))))


def test_a_chunk_is_judged_once_and_as_a_whole() -> None:
    """Whatever comes first in it: the complaints, then the messages that bring their rate down."""
    records = [record("gotv", counts(sent=1000, complaints=told(5))), record("gotv", counts(sent=1000))]
    assert not alerts(Table().fold(*records))
    assert alerts(Table().fold(*records[:1]))


def test_a_chunk_that_is_folded_again_says_the_same() -> None:
    records = [record("gotv", counts(sent=1000, complaints=told(5)))]
    assert Table().fold(*records).effects == Table().fold(*records).effects


def test_the_id_knows_rule_campaign_provider_limit_and_policy() -> None:
    strict = policy(rates={"complaints": {"gmail": 0.002}})
    same_limit = policy(rates={"minimum": 999})
    many = {
        str(alert["alert_id"])
        for campaign, by in [("a", default()), ("b", default()), ("a", strict), ("a", same_limit)]
        for told_of in (
            counts(sent=1000, complaints=told(5), unsubscribes=told(50)),
            counts("apple", sent=1000, complaints=told(5)),
        )
        for alert in alerts(Table().fold(record(campaign, told_of), by=by))
    }
    assert len(many) == 4 * 3


def test_a_policy_that_changes_another_limit_does_not_have_it_told_again() -> None:
    table = Table()
    assert alerts(table.fold(record("gotv", counts(sent=1000, complaints=told(5)))))
    assert not alerts(table.fold(record("gotv", counts(sent=1)), by=policy(rates={"minimum": 10})))
    assert alerts(table.fold(record("gotv", counts(sent=1)), by=policy(rates={"complaints": {"gmail": 0.001}})))


def test_what_is_forgotten_is_gone_from_the_table() -> None:
    table = Table()
    table.fold(record("old", counts(sent=1)), record("new", counts(sent=1)))
    table.fold(record("new", counts(sent=1), NOON + 20 * DAY))
    table.fold(record("newest", counts(sent=1), NOON + FORGOTTEN_AFTER_MS + 1))
    assert table.kept.keys() == {b"campaign/new", b"campaign/newest", b"roll"}
    assert table.kept[b"campaign/new"] == Campaign(counts(sent=2))
    assert isinstance(roll := table.kept[b"roll"], CampaignRoll)
    assert list(roll.heard) == ["new", "newest"]


def test_a_record_that_says_nothing_is_passed_over() -> None:
    table = Table()
    broken = Fetched(7, b"{", b"gotv", topic="campaign-counts", partition=0)
    assert table.fold(broken).refused == [7]
    assert not table.kept
    assert table.fold(broken, record("gotv", counts(sent=1))).refused == [7]
    assert b"campaign/gotv" in table.kept
