"""What a chunk of contacts tells of alerts and campaigns."""

import asyncio
from collections.abc import Callable
from typing import cast

import orjson
import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from events.json_types import JSON
from events.topics import CAMPAIGN_COUNTS, CONTACT_ALERTS, INTERACTIONS
from streams.domain.campaigns import CampaignCounts, MailReport, ProviderCounts, ReportCount, read_counts
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.publication.alert_triggers import Trigger
from streams.domain.pressure import default_policy
from streams.engine.decoded_states import Codec, RecentStates, States
from streams.engine.runs import Run
from streams.engine.store import MemoryStore
from streams.engine.table import ChunkTable
from streams.engine.table_partition import Fold
from streams.platform.settings import Settings
from streams.worker.agents.contacts.agent import ContactsAgent
from streams.worker.agents.contacts.alert_records import TRIGGERS, alert_id, trigger_headers, triggers_in
from streams.worker.agents.contacts.interactions import InteractionsHandler
from streams.worker.agents.segments.registry import registry_in
from streams.worker.metrics import Metrics
from tests.unit.engine.kafka_records import SOURCE, Fetched
from tests.unit.events.records import NOW
from tests.unit.worker.agents.contacts.interaction_records import folded, kept, said


class Office:
    """A store that chunks are folded onto, and the alerts that came of them."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def fold(self, *records: Fetched) -> list[dict[str, JSON]]:
        folding = folded(*records, store=self.store)
        kept(folding, self.store)
        outputs = [output for output in folding.effects.outputs if output.topic == CONTACT_ALERTS]
        assert all((output.partition, output.key) == (SOURCE.partition, b"c1") for output in outputs)
        assert sum(folding.alerts.values()) == len(outputs)
        return [orjson.loads(output.value or b"") for output in outputs]


def sent(offset: int, team: str = "digital") -> Fetched:
    return said(offset, "email.sent", message_id=f"m{offset}", team=team)


def test_a_touch_is_judged_with_the_chunk_that_takes_it() -> None:
    office = Office()
    assert office.fold(sent(0)) == []
    assert office.fold(sent(1, "youth")) == [
        {
            "alert_id": alert_id("double_touch", "c1", "digital/mailer", "i1", default_policy().version),
            "rule": "double_touch",
            "contact_id": "c1",
            "at": "2012-02-22T10:00:00.000Z",
            "evidence": [{"source": "digital/mailer", "id": "i1"}, {"source": "digital/mailer", "id": "i0"}],
            "detail": "youth: by email, 0m after digital by email; at least 4h",
        }
    ]


def test_what_was_known_before_the_chunk_is_not_judged_again() -> None:
    office = Office()
    office.fold(sent(0), sent(1, "youth"))
    assert office.fold(said(2), sent(1, "youth"), said(3, "donation.made")) == []


def test_touches_of_one_chunk_are_judged_one_by_one() -> None:
    alerts = Office().fold(sent(0), sent(1), sent(2), sent(3))
    assert [(each["rule"], each["evidence"][0]) for each in alerts if isinstance(each["evidence"], list)] == [
        ("over_cap", {"source": "digital/mailer", "id": "i3"}),
        ("over_cap", {"source": "digital/mailer", "id": "i2"}),
    ]


@pytest.mark.parametrize("types", [("email.sent", "email.delivered"), ("email.delivered", "email.sent")])
def test_of_several_words_on_one_message_the_first_is_judged(types: tuple[str, str]) -> None:
    office = Office()
    office.fold(sent(0))
    first, second = (said(n, type_, message_id="m", team="youth") for n, type_ in enumerate(types, 1))
    assert [each["rule"] for each in office.fold(first)] == ["double_touch"]
    assert office.fold(second) == []


def test_of_several_versions_of_one_report_the_first_is_judged() -> None:
    office = Office()
    office.fold(sent(0))
    first, second = (said(n, "canvass.reported", report_id="r", team="field") for n in (2, 1))
    assert [each["rule"] for each in office.fold(first)] == ["double_touch"]
    assert office.fold(second) == []


def test_a_report_that_is_a_touch_only_in_a_later_version_is_judged_then() -> None:
    office = Office()
    office.fold(sent(0))
    assert office.fold(said(2, "canvass.reported", report_id="r", team="field", outcome="not_home")) == []
    assert [each["rule"] for each in office.fold(said(1, "canvass.reported", report_id="r", team="field"))] == [
        "double_touch"
    ]


def test_a_stop_after_pressure_is_an_alert() -> None:
    office = Office()
    office.fold(sent(0), sent(1), sent(2))
    [alert] = office.fold(said(3, "email.unsubscribed"))
    assert alert["rule"] == "unsubscribe_after_pressure"
    stopped = office.fold(said(4, "canvass.reported", outcome="do_not_contact"), said(5, "email.complained"))
    assert {each["rule"] for each in stopped} == {"unsubscribe_after_pressure", "complaint_after_pressure"}


def test_a_yes_and_what_is_no_touch_say_nothing() -> None:
    office = Office()
    office.fold(sent(0), sent(1), sent(2))
    assert office.fold(said(3, "consent.changed"), said(4, "email.opened"), said(5, "email.bounced")) == []


def test_triggers_go_with_a_part_and_are_read_again() -> None:
    found = (Trigger("team/a", "1", ("email", "m")), Trigger("team/b", "2"))
    assert triggers_in(trigger_headers(found)) == found
    assert trigger_headers(()) == []
    assert triggers_in([("version", b"1")]) == ()


@pytest.mark.parametrize("value", [None, b"", b"[", b'[["a"]]', b"{}"])
def test_triggers_that_cannot_be_read_are_none(value: bytes | None) -> None:
    assert triggers_in([(TRIGGERS, value)]) == ()


# What a chunk of contacts tells of campaigns: each interaction that it took, once.
GMAIL: JSON = {"contact_id": "c1", "email": "jane@gmail.com"}


def counts(folding: InteractionsHandler) -> dict[str, CampaignCounts]:
    outputs = [output for output in folding.effects.outputs if output.topic == CAMPAIGN_COUNTS]
    assert all(output.partition == 0 for output in outputs)
    return dict(found for output in outputs if (found := read_counts(output.key, output.value)))


def test_one_record_a_campaign_tells_of_all_that_a_chunk_has_taken() -> None:
    folding = folded(
        said(0, "email.sent", contact=GMAIL, campaign_id="a"),
        said(1, "email.complained", contact=GMAIL, campaign_id="a"),
        said(2, "email.sent", "c2", campaign_id="a"),
        said(3, "email.delivered", "c2", campaign_id="b"),
        said(4, "email.opened", campaign_id="b"),
    )
    complaints = ReportCount(1, (MailReport(NOW, "digital/mailer", "i1"),))
    assert counts(folding) == {
        "a": CampaignCounts({"gmail": ProviderCounts(1, complaints=complaints), "other": ProviderCounts(1)}, NOW),
        "b": CampaignCounts({"other": ProviderCounts(delivered=1)}, NOW),
    }


def test_copies_are_not_counted_again() -> None:
    store = MemoryStore()
    first = folded(*(said(offset, "email.sent", id_="a", campaign_id="gotv") for offset in range(3)), store=store)
    kept(first, store)
    assert counts(first)["gotv"].tallies["other"].sent == 1
    assert not counts(folded(said(3, "email.sent", id_="a", campaign_id="gotv"), store=store))


def test_what_comes_in_vain_is_not_counted() -> None:
    store = MemoryStore()
    kept(folded(said(0, "contact.erased"), store=store), store)
    assert not counts(folded(said(1, "email.sent", campaign_id="gotv"), store=store))


def test_what_names_no_campaign_is_in_no_rate_and_shows_in_the_metrics() -> None:
    folding = folded(
        said(0, "email.sent"),
        said(1, "email.complained", campaign_id=None),
        said(2, "email.unsubscribed"),
        said(3, "email.unsubscribed", campaign_id="gotv"),
    )
    assert counts(folding).keys() == {"gotv"}
    assert folding.reports == {
        ("email.complained", False): 1,
        ("email.unsubscribed", False): 1,
        ("email.unsubscribed", True): 1,
    }


def test_a_field_that_nobody_knows_changes_nothing() -> None:
    """Such a record is read by its models."""
    folding = folded(said(0, "email.sent", contact=GMAIL, campaign_id="a", tenant={"campaign_id": "b"}))
    assert counts(folding) == {"a": CampaignCounts({"gmail": ProviderCounts(1)}, NOW)}


# A chunk that has to wait for others is judged by the policy of when it is folded, not of when it came.
class Waiting:
    """The turn of one partition, for which whoever comes waits; what is folded is folded twice."""

    def __init__(self, between: Callable[[], None]) -> None:
        self.states: States[ContactState] = States(MemoryStore(), Codec(encode, decode), RecentStates(0))
        self.turn = asyncio.Event()
        self._between = between

    async def apply(self, chunk: Run, fold: Fold[ContactState]) -> None:
        await self.turn.wait()
        fold(self.states, chunk.records)
        self._between()
        fold(self.states, chunk.records)


async def test_a_chunk_is_judged_by_one_policy_that_of_when_it_is_folded() -> None:
    first, second, third = holds = [default_policy().model_copy() for _ in range(3)]
    waiting = Waiting(lambda: holds.remove(second))
    table, metrics = cast(ChunkTable[ContactState], waiting), Metrics(CollectorRegistry())
    agent = ContactsAgent(
        table, Settings(partitions=1), metrics, lambda: 0, policy=lambda: holds[0], on_work=lambda *_: None
    )
    folding = asyncio.create_task(agent(Run(TP(INTERACTIONS, 0), [], 0, 1)))
    await asyncio.sleep(0)
    holds.remove(first)
    waiting.turn.set()
    await folding
    registry = registry_in(waiting.states.memory)
    assert registry is not None
    assert registry.policy is second
    assert holds == [third]
