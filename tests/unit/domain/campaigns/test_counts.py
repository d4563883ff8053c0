from events.harmonised import harmonise
from events.refusal import Refusal
from events.times import render_time
from streams.domain.campaigns import (
    CampaignCounter,
    CampaignCounts,
    MailReport,
    ProviderCounts,
    ReportCount,
    mention_in,
)
from streams.domain.campaigns.counts import MAX_EVIDENCE
from streams.domain.contact.facts.from_records import read_said
from tests.unit.domain.campaigns.sending import NOON, report
from tests.unit.events.records import accepted, event
from tests.unit.worker.agents.contacts.interaction_records import HASHER

ADDRESSES = {
    "gmail": "jane@gmail.com",
    "yahoo": "jane@ymail.com",
    "microsoft": "jane@hotmail.fr",
    "apple": "jane@me.com",
    "other": "jane@example.org",
}


def taken(
    count: CampaignCounter, type_: str, at: MailReport, address: str = "jane@gmail.com", campaign: str = "c"
) -> None:
    """As intake writes it."""
    content = event(type_, contact={"contact_id": "c1", "email": address}, campaign_id=campaign)
    content |= {"id": at.id, "source": at.source, "time": render_time(at.time)}
    read = read_said(harmonise(accepted(content), HASHER)[1], NOON)
    assert not isinstance(read, Refusal)
    named, mailbox = mention_in(read[1])
    assert named is not None
    count.take(named, mailbox, read[0])


def test_messages_and_reports_of_a_campaign_are_counted_by_provider() -> None:
    count = CampaignCounter()
    for mailbox, address in ADDRESSES.items():
        taken(count, "email.sent", report(1), address, mailbox)
        taken(count, "email.complained", report(2), address, mailbox)
    assert count.found() == {
        mailbox: CampaignCounts({mailbox: ProviderCounts(sent=1, complaints=ReportCount(1, (report(2),)))}, NOON)  # type: ignore[dict-item]
        for mailbox in ADDRESSES
    }


def test_whoever_named_no_address_counts_as_others() -> None:
    count = CampaignCounter()
    taken(count, "email.unsubscribed", report(1), "no address")
    assert count.found()["c"].tallies.keys() == {"other"}


def test_of_many_reports_the_latest_are_shown() -> None:
    count = CampaignCounter()
    for number in range(2 * MAX_EVIDENCE):
        taken(count, "email.complained", report(number, NOON - number))
    latest = tuple(report(number, NOON - number) for number in reversed(range(MAX_EVIDENCE)))
    assert count.found()["c"].tallies["gmail"].complaints == ReportCount(2 * MAX_EVIDENCE, latest)
