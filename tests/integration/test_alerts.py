"""Touches and complaints over a limit are told of once, whatever is killed, by the policy that holds when they come."""

import json
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path

import pytest

from events.contact import Contact
from events.json_types import JSON
from events.topics import CAMPAIGN_COUNTS, CONTACT_ALERTS, CONTACT_LINKS, SYSTEM_ALERTS
from streams.demo.deployment import open_deployment
from streams.domain.campaigns import CampaignCounts, read_counts, sum_counts
from streams.domain.pressure import default_policy_text
from streams.local.stack import Stack
from tests.integration.command import ended_well, harmonia, on
from tests.integration.office import Office
from tests.integration.said import fresh
from tests.integration.system import sample, settings_of
from tests.integration.tap import Kept, Tap, tapped
from tests.integration.waiting import until

PEOPLE = 150
LAST = 21
AUDIENCE = 60
"""So many get mail of a campaign at a provider."""
POLICY = default_policy_text().replace("minimum = 1000 ", "minimum = 40 ")


@pytest.fixture(scope="module")
def office(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_deployment(settings_of(own_stack)) as deployment:
        office = Office(own_stack, tmp_path_factory.mktemp("office"), deployment, POLICY)
        try:
            yield office
        finally:
            office.workers.stop()


def mailed(office: Office, contact: dict[str, JSON], person: str, hour: int) -> None:
    message: dict[str, JSON] = {"message_id": f"{person}-{hour}", "purpose": "informational"}
    office.say("email.sent", contact, person, at(hour), **message)


def alerts(kept: Kept, topic: str = CONTACT_ALERTS) -> list[dict[str, JSON]]:
    return [json.loads(record.value or b"") for record in kept if record.topic == topic]


def test_each_touch_over_the_cap_is_one_alert_whatever_is_killed(
    office: Office, own_stack: Stack, tmp_path: Path
) -> None:
    """Half of the people are known by two identifiers, and are mailed by the one that does not name them."""
    alone = [fresh() for _ in range(PEOPLE)]
    linked = [fresh() for _ in range(PEOPLE)]
    with tapped(office.deployment.settings, CONTACT_ALERTS, CONTACT_LINKS) as tap:
        for person in linked:
            both: dict[str, JSON] = {"contact_id": person, "email": f"{person}@example.org"}
            office.say("email.opened", both, person, "2012-02-22T00:00:00Z")
        fragments = {fragment(office, person) for person in linked}
        tap.until(lambda kept: fragments <= {record.key for record in kept}, "all links")
        people: dict[str, dict[str, JSON]] = {person: {"contact_id": person} for person in alone}
        people |= {person: {"email": f"{person}@example.org"} for person in linked}
        for hour in (1, 6, 11, 16):
            mail_all(office, people, hour)
        tap.until(lambda kept: len(alerts(kept)) > PEOPLE // 2, "the first alerts")
        office.workers.stop(signal.SIGKILL)
        office.start()
        mail_all(office, people, LAST)
        told = alerts(tap.until(lambda kept: last_ones(kept) == people.keys(), "the last alert of everyone"))

    expected = {("over_cap", person, at(hour)) for person in people for hour in (11, 16, LAST)}
    assert Counter((one["rule"], one["contact_id"], one["at"]) for one in told) == dict.fromkeys(expected, 1)
    assert len({str(one["alert_id"]) for one in told}) == len(told)

    words = ("alerts", "list", "--rule", "over_cap", "--about", alone[0], "--latest", "2", "--json")
    listed = ended_well(harmonia(tmp_path, *words, environment=on(own_stack))).stdout.splitlines()
    about = [one for one in told if one["contact_id"] == alone[0]]
    assert [json.loads(line) for line in listed] == sorted(about, key=lambda one: str(one["at"]))[-2:]


def mail_all(office: Office, people: Mapping[str, dict[str, JSON]], hour: int) -> None:
    for person, contact in people.items():
        mailed(office, contact, person, hour)


def last_ones(kept: Kept) -> set[JSON]:
    """Whom an alert at the last hour was about: what was sent of them before, has been read."""
    return {one["contact_id"] for one in alerts(kept) if one["at"] == at(LAST)}


def at(hour: int) -> str:
    return f"2012-02-22T{hour:02d}:00:00.000Z"


def fragment(office: Office, person: str) -> bytes:
    contact = Contact.model_validate({"email": f"{person}@example.org"})
    return (office.deployment.hasher.fragment(contact) or "").encode()


def report(office: Office, type_: str, campaign: str, person: str, domain: str) -> None:
    contact: dict[str, JSON] = {"contact_id": person, "email": f"{person}@{domain}"}
    message = f"{campaign}-{person}"
    office.say(type_, contact, person, "2012-02-22T10:00:00Z", message_id=message, campaign_id=campaign)


def mail(office: Office, campaign: str, domain: str) -> list[str]:
    people = [fresh() for _ in range(AUDIENCE)]
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


def alerts_about(kept: Kept, campaign: str) -> list[dict[str, JSON]]:
    return [one for one in alerts(kept, SYSTEM_ALERTS) if one["subject"] == campaign]


def until_rated(office: Office, tap: Tap) -> None:
    """All that was counted by now is added up: it is added in its order, and a later campaign comes last."""
    last = f"last-{fresh()}"
    for person in mail(office, last, "me.com"):
        report(office, "email.complained", last, person, "me.com")
    tap.until(lambda kept: bool(alerts_about(kept, last)), "the alert about a later campaign")


def test_a_campaign_is_told_of_once_at_the_provider_that_complains_and_again_under_another_limit(
    office: Office,
) -> None:
    campaign = f"gotv-{fresh()}"
    with tapped(office.deployment.settings, CAMPAIGN_COUNTS, SYSTEM_ALERTS) as tap:
        gmail, yahoo = mail(office, campaign, "gmail.com"), mail(office, campaign, "yahoo.co.uk")
        sent = {("gmail", "sent"): AUDIENCE, ("yahoo", "sent"): AUDIENCE}
        # Rates are judged while mails are still being counted, and one who leaves is too many of the first forty.
        tap.until(lambda kept: counted(kept, campaign) == sent, "all mails counted")
        until_rated(office, tap)
        report(office, "email.complained", campaign, gmail[0], "GMail.com")
        report(office, "email.unsubscribed", campaign, yahoo[0], "yahoo.co.uk")
        tap.until(lambda kept: bool(alerts_about(kept, campaign)), "the alert")
        office.workers.stop(signal.SIGKILL)
        office.start()
        for person in gmail[1:9]:
            report(office, "email.complained", campaign, person, "gmail.com")
        expected = sent | {("gmail", "complained"): 9, ("yahoo", "unsubscribed"): 1}
        tap.until(lambda kept: counted(kept, campaign) == expected, "all counts")
        until_rated(office, tap)
        assert counted(tap.records, campaign) == expected
        [alert] = alerts_about(tap.records, campaign)
        assert (alert["rule"], str(alert["detail"])[:6]) == ("campaign_complaints", "gmail:")
        metrics = office.workers.addresses[0]
        until(
            lambda: sample(metrics, "harmonia_alerts_total", rule="campaign_complaints") == 1, "the later one counted"
        )

        office.rule(POLICY.replace("gmail = 0.003", "gmail = 0.1"), gmail[0])
        report(office, "email.sent", campaign, fresh(), "gmail.com")
        tap.until(lambda kept: len(alerts_about(kept, campaign)) > 1, "the alert under the new limit")
        until_rated(office, tap)
    first, second = alerts_about(tap.records, campaign)
    assert first["alert_id"] != second["alert_id"]
    assert second["detail"] == "gmail: 9 complaints of 61 sent, 14.8 %; the limit is 10 %, from 40 on"
