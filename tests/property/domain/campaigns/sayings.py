"""What is said of a few people about two campaigns, much of it twice, and the same recounted by brute force."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from events.harmonised import harmonise
from events.mailboxes import Mailbox
from events.times import render_time
from streams.domain.campaigns import CampaignCounts, MailReport, ProviderCounts, ReportCount
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW, accepted, event
from tests.unit.worker.agents.contacts.interaction_records import HASHER

DAY = 86_400_000
BEGIN = NOW - 12 * DAY
DOMAINS: dict[Mailbox, str] = {"gmail": "gmail.com", "yahoo": "yahoo.fr"}
MESSAGES, REPORTS = ["email.sent", "email.delivered"], ["email.complained", "email.unsubscribed"]


class Said(NamedTuple):
    """One interaction. `day`: of its time."""

    type: str
    who: int
    number: int
    campaign: str
    day: int

    @property
    def mailbox(self) -> Mailbox:
        """Each person has one."""
        return list(DOMAINS)[self.who % len(DOMAINS)]

    @property
    def report(self) -> MailReport:
        id_ = "-".join(map(str, self))
        return MailReport(BEGIN + self.day * DAY, "digital/mailer", id_)

    def record(self, offset: int) -> Fetched:
        """As intake writes it."""
        contact = {"contact_id": f"c{self.who}", "email": f"c{self.who}@{DOMAINS[self.mailbox]}"}
        content = event(self.type, contact={**contact}, campaign_id=self.campaign)
        time, source, id_ = self.report.time, self.report.source, self.report.id
        content |= {"id": id_, "source": source, "time": render_time(time)}
        key, value = harmonise(accepted(content), HASHER)
        return Fetched(offset, value, key.encode(), timestamp=NOW)


def sayings(types: Sequence[str], last_day: int) -> st.SearchStrategy[list[Said]]:
    """So many that limits are reached; equal ones are copies."""
    parts = st.sampled_from(types), st.integers(0, 5), st.integers(0, 3), st.sampled_from(["gotv", "ask"])
    return st.lists(st.builds(Said, *parts, st.integers(0, last_day)), min_size=15, max_size=40)


def recount(said: Sequence[Said]) -> dict[str, CampaignCounts]:
    """The counts of each campaign, of each interaction once."""
    return {campaign: _recount([one for one in set(said) if one.campaign == campaign]) for campaign in _named(said)}


def _named(said: Sequence[Said]) -> set[str]:
    return {one.campaign for one in said}


def _recount(said: Sequence[Said]) -> CampaignCounts:
    times = [one.report.time for one in said if one.type in MESSAGES]
    return CampaignCounts(
        {mailbox: _tally(said, mailbox) for mailbox in {one.mailbox for one in said}}, max(times, default=None)
    )


def _tally(said: Sequence[Said], mailbox: Mailbox) -> ProviderCounts:
    def of(type_: str) -> list[MailReport]:
        return sorted(one.report for one in said if one.type == type_ and one.mailbox == mailbox)

    complaints, unsubscribes = (ReportCount(len(of(type_)), tuple(of(type_)[-10:])) for type_ in REPORTS)
    return ProviderCounts(len(of("email.sent")), len(of("email.delivered")), complaints, unsubscribes)
