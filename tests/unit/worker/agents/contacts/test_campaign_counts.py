"""What a chunk of contacts tells of campaigns: each interaction that it took, once."""

from events.json_types import JSON
from events.topics import CAMPAIGN_COUNTS
from streams.domain.campaigns import CampaignCounts, MailReport, ProviderCounts, ReportCount, read_counts
from streams.engine.store import MemoryStore
from streams.worker.agents.contacts.interactions import InteractionsHandler
from tests.unit.events.records import NOW
from tests.unit.worker.agents.contacts.interaction_records import folded, kept, said

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
