"""A campaign that too many complain about is told of once, at the provider where they do, whatever is killed."""

import json
import signal
from collections import Counter
from collections.abc import Iterator
from functools import reduce

import pytest

from events.json_types import JSON
from events.topics import CAMPAIGN_COUNTS, SYSTEM_ALERTS
from streams.demo.deployment import open_deployment
from streams.domain.campaigns import CampaignCounts, read_counts, sum_counts
from streams.domain.pressure import default_policy_text
from streams.local.stack import Stack
from tests.integration.office import Office
from tests.integration.said import fresh
from tests.integration.system import sample, settings_of
from tests.integration.tap import Kept, Tap, tapped
from tests.integration.waiting import until

PEOPLE = 60
POLICY = default_policy_text().replace("minimum = 1000 ", "minimum = 40 ")


@pytest.fixture(scope="module")
def office(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_deployment(settings_of(stack)) as deployment:
        office = Office(stack, tmp_path_factory.mktemp("campaigns"), deployment, POLICY)
        try:
            yield office
        finally:
            office.workers.stop()


def report(office: Office, type_: str, campaign: str, person: str, domain: str) -> None:
    contact: dict[str, JSON] = {"contact_id": person, "email": f"{person}@{domain}"}
    message = f"{campaign}-{person}"
    office.say(type_, contact, person, "2012-02-22T10:00:00Z", message_id=message, campaign_id=campaign)


def mail(office: Office, campaign: str, domain: str) -> list[str]:
    people = [fresh() for _ in range(PEOPLE)]
    for person in people:
        report(office, "email.sent", campaign, person, domain)
    return people


def counted(kept: Kept, campaign: str) -> Counter[tuple[str, str]]:
    """What all partitions have counted of a campaign."""
    read = [read_counts(record.key, record.value) for record in kept if record.topic == CAMPAIGN_COUNTS]
    tallies = reduce(
        sum_counts, (found[1] for found in read if found and found[0] == campaign), CampaignCounts()
    ).tallies
    found: Counter[tuple[str, str]] = Counter()
    for mailbox, tally in tallies.items():
        found[mailbox, "sent"] += tally.sent
        found[mailbox, "complained"] += tally.complaints.count
        found[mailbox, "unsubscribed"] += tally.unsubscribes.count
    return +found


def alerts(kept: Kept, campaign: str) -> list[dict[str, JSON]]:
    told = [json.loads(record.value or b"") for record in kept if record.topic == SYSTEM_ALERTS]
    return [one for one in told if one["subject"] == campaign]


def until_rated(office: Office, tap: Tap) -> None:
    """All that was counted by now is added up: it is added in its order, and a later campaign comes last."""
    last = f"last-{fresh()}"
    for person in mail(office, last, "me.com"):
        report(office, "email.complained", last, person, "me.com")
    tap.until(lambda kept: bool(alerts(kept, last)), "the alert about a later campaign")


def test_a_campaign_is_told_of_once_at_the_provider_that_complains_and_again_under_another_limit(
    office: Office,
) -> None:
    campaign = f"gotv-{fresh()}"
    with tapped(office.deployment.settings, CAMPAIGN_COUNTS, SYSTEM_ALERTS) as tap:
        gmail, yahoo = mail(office, campaign, "gmail.com"), mail(office, campaign, "yahoo.co.uk")
        sent = {("gmail", "sent"): PEOPLE, ("yahoo", "sent"): PEOPLE}
        # Rates are judged while mails are still being counted, and one who leaves is too many of the first forty.
        tap.until(lambda kept: counted(kept, campaign) == sent, "all mails counted")
        until_rated(office, tap)
        report(office, "email.complained", campaign, gmail[0], "GMail.com")
        report(office, "email.unsubscribed", campaign, yahoo[0], "yahoo.co.uk")
        tap.until(lambda kept: bool(alerts(kept, campaign)), "the alert")
        office.workers.stop(signal.SIGKILL)
        office.start()
        for person in gmail[1:9]:
            report(office, "email.complained", campaign, person, "gmail.com")
        expected = sent | {("gmail", "complained"): 9, ("yahoo", "unsubscribed"): 1}
        tap.until(lambda kept: counted(kept, campaign) == expected, "all counts")
        until_rated(office, tap)
        assert counted(tap.records, campaign) == expected
        [alert] = alerts(tap.records, campaign)
        assert (alert["rule"], str(alert["detail"])[:6]) == ("campaign_complaints", "gmail:")
        metrics = office.workers.addresses[0]
        until(
            lambda: sample(metrics, "harmonia_alerts_total", rule="campaign_complaints") == 1, "the later one counted"
        )

        office.rule(POLICY.replace("gmail = 0.003", "gmail = 0.1"), gmail[0])
        report(office, "email.sent", campaign, fresh(), "gmail.com")
        tap.until(lambda kept: len(alerts(kept, campaign)) > 1, "the alert under the new limit")
        until_rated(office, tap)
    first, second = alerts(tap.records, campaign)
    assert first["alert_id"] != second["alert_id"]
    assert second["detail"] == "gmail: 9 complaints of 61 sent, 14.8 %; the limit is 10 %, from 40 on"
