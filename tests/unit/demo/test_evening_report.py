"""What there was to see in an evening: the oracle's counts of campaigns, and when a rate is near its limit."""

from dataclasses import replace

import pytest

from events.outputs import SystemAlert
from streams.demo.check import ABSENT, Difference
from streams.demo.evening_play import PlayedEvening
from streams.demo.evening_report import alert_differences, compare_campaigns
from streams.demo.evening_watch import near_limits
from streams.demo.recount_campaigns import Mails, campaigns
from streams.demo.truth import ContactFields, Fields, Sent
from streams.domain.campaigns import CampaignCounts, MailReport, ProviderCounts, ReportCount
from streams.domain.pressure.rates import CampaignRates


def mail(type_: str, id_: str, email: str | None, **fields: str) -> Sent:
    contact: ContactFields = {"voter_id": "OH:1"}
    if email is not None:
        contact["email"] = email
    said: Fields = {"campaign_id": "gotv", **fields}  # type: ignore[typeddict-item]
    return Sent("email-events", type_, "digital/mailer", id_, "2026-11-27T22:00:00Z", contact, said)


def test_the_oracle_counts_mails_of_a_campaign_by_provider_and_copies_once() -> None:
    sent = [
        mail("email.sent", "1", " Voter_1@GMAIL.com"),
        mail("email.sent", "1", " Voter_1@GMAIL.com"),
        mail("email.delivered", "2", "voter_1@gmail.com"),
        mail("email.sent", "3", "donor@example.org"),
        mail("email.complained", "4", "voter_1@gmail.com"),
        mail("email.unsubscribed", "5", None),
        mail("email.opened", "6", "voter_1@gmail.com"),
    ]
    nameless = replace(sent[0], id="7", fields={})
    assert campaigns([*sent, nameless]) == {
        "gotv": {
            "gmail": {"sent": 1, "delivered": 1, "complaints": 1, "unsubscribes": 0},
            "other": {"sent": 1, "delivered": 0, "complaints": 0, "unsubscribes": 1},
        }
    }


def counted(sent: int, complaints: int) -> CampaignCounts:
    reports = ReportCount(complaints, (MailReport(1, "s", "1"),) if complaints else ())
    return CampaignCounts({"gmail": ProviderCounts(sent, 0, reports)}, 1)


def test_a_campaign_that_is_counted_otherwise_is_a_difference() -> None:
    right = Mails(sent=9, delivered=0, complaints=1, unsubscribes=0)
    wrong = Mails(sent=9, delivered=0, complaints=2, unsubscribes=0)
    assert list(compare_campaigns({"gotv": {"gmail": right}}, {"gotv": counted(9, 1)})) == []
    assert list(compare_campaigns({"gotv": {"gmail": right}}, {"gotv": counted(9, 2)})) == [
        Difference("campaigns", None, "gotv", {"gmail": right}, {"gmail": wrong})
    ]
    assert list(compare_campaigns({}, {"gotv": counted(9, 2)})) == [
        Difference("campaigns", None, "gotv", ABSENT, {"gmail": wrong})
    ]


def test_complaints_are_near_their_limit_from_90_percent_on_or_if_one_more_reaches_it() -> None:
    rates = CampaignRates()
    assert list(near_limits(counted(10_000, 27), rates)) == ["gmail"]
    assert near_limits(counted(10_000, 26), rates) == {}
    assert near_limits(counted(1_200, 3), rates) == {
        "gmail": "gmail: 3 complaints of 1,200 messages, 0.250%; the limit is 0.3%"
    }
    assert near_limits(counted(999, 9), rates) == {}, "of so few nothing is judged"


QUARANTINED: SystemAlert = {
    "alert_id": "1",
    "rule": "source_quarantined",
    "subject": "digital/signup",
    "at": "2026-11-27T22:31:00Z",
    "evidence": [],
    "detail": "",
}


@pytest.mark.parametrize(
    ("alerts", "is_at_once", "is_right"),
    [
        ((QUARANTINED,), False, True),
        ((QUARANTINED,), True, True),
        ((), False, False),
        ((), True, True),
        ((QUARANTINED, QUARANTINED), True, False),
        (({**QUARANTINED, "subject": "digital/mailer"},), True, False),
    ],
)
def test_the_broken_source_is_quarantined_once_unless_all_of_it_came_before_anybody_looked(
    alerts: tuple[SystemAlert, ...], is_at_once: bool, is_right: bool
) -> None:
    assert (not list(alert_differences(PlayedEvening(alerts, 0, is_at_once)))) is is_right
