"""However interactions are spread over partitions and cut into chunks, and whatever is folded twice: the same counts.

When a limit is seen to be reached may differ. What holds: it is told of once, and one that is reached in the end has
been told of. Where all messages are heard before all reports, the alerts are the same.
"""

from collections.abc import Sequence
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from events.times import render_time
from streams.domain.campaigns import CampaignCounts
from streams.domain.pressure.rates import CampaignRates, Complaints, Unsubscribes
from tests.property.domain.campaigns.deployment import Deployment
from tests.property.domain.campaigns.sayings import DAY, DOMAINS, MESSAGES, REPORTS, Said, recount, sayings
from tests.unit.domain.pressure.people import default

MINIMUM, COMPLAINTS, UNSUBSCRIBES = 2, 0.5, 0.25
LIMITS = CampaignRates(
    minimum=MINIMUM,
    complaints=Complaints().model_copy(update=dict.fromkeys(DOMAINS, COMPLAINTS)),
    unsubscribes=Unsubscribes().model_copy(update=dict.fromkeys(DOMAINS, UNSUBSCRIBES)),
)
"""Of so few messages as fit a law; larger than a policy may have them."""
POLICY = default().model_copy(update={"rates": LIMITS})
WINDOW_DAYS = LIMITS.window // DAY


Limit = tuple[str, str, str]
"""Rule, campaign and provider."""


@st.composite
def runs(draw: st.DrawFn, *parts: st.SearchStrategy[list[Said]]) -> tuple[list[Said], list[Deployment]]:
    """Parts that come one after the other, heard by two deployments, each in ways of its own."""
    said = [draw(part) for part in parts]
    deployments = [Deployment(draw, POLICY) for _ in range(2)]
    for deployment in deployments:
        for part in said:
            deployment.hear(draw(st.permutations(part)))
    return [one for part in said for one in part], deployments


def limit_of(alert: dict[str, Any]) -> Limit:
    return alert["rule"], alert["subject"], alert["detail"].partition(":")[0]


def reached(counts: dict[str, CampaignCounts]) -> set[Limit]:
    """The limits that these counts reach."""
    found: set[Limit] = set()
    for campaign, known in counts.items():
        for mailbox, tally in known.tallies.items():
            enough = max(tally.sent, tally.delivered)
            if enough >= MINIMUM and tally.complaints.count >= COMPLAINTS * enough:
                found.add(("campaign_complaints", campaign, mailbox))
            if enough >= MINIMUM and tally.unsubscribes.count >= UNSUBSCRIBES * enough:
                found.add(("campaign_unsubscribes", campaign, mailbox))
    return found


@given(runs(sayings(MESSAGES + REPORTS, WINDOW_DAYS)))
def test_counts_are_those_of_each_interaction_once(run: tuple[list[Said], list[Deployment]]) -> None:
    said, deployments = run
    assert [deployment.counts for deployment in deployments] == [recount(said)] * 2


@given(runs(sayings(MESSAGES + REPORTS, WINDOW_DAYS)))
def test_each_limit_is_told_of_once_and_whatever_is_reached_in_the_end(
    run: tuple[list[Said], list[Deployment]],
) -> None:
    said, deployments = run
    for deployment in deployments:
        told = [limit_of(alert) for alert in deployment.alerts]
        event(f"alerts: {len(told)}")
        assert len(set(told)) == len(told) == len({alert["alert_id"] for alert in deployment.alerts})
        assert reached(recount(said)) <= set(told)
        _shows_what_was_said(deployment.alerts, said)


def _shows_what_was_said(alerts: Sequence[dict[str, Any]], said: Sequence[Said]) -> None:
    reports = {(one.report.source, one.report.id): one for one in said if one.type in REPORTS}
    for alert in alerts:
        shown = [reports[item["source"], item["id"]] for item in alert["evidence"]]
        assert {(one.campaign, one.mailbox) for one in shown} == {limit_of(alert)[1:]}
        assert alert["at"] == render_time(shown[0].report.time) == max(render_time(one.report.time) for one in shown)


@given(runs(sayings(MESSAGES, 0), sayings(REPORTS, WINDOW_DAYS)))
def test_where_messages_come_before_reports_the_alerts_are_the_same(run: tuple[list[Said], list[Deployment]]) -> None:
    said, deployments = run
    first, second = ({alert["alert_id"]: limit_of(alert) for alert in deployment.alerts} for deployment in deployments)
    event(f"alerts: {len(first)}")
    assert first == second
    assert set(first.values()) == reached(recount(said))


@given(runs(sayings(MESSAGES + REPORTS, 4 * WINDOW_DAYS)))
def test_what_is_late_raises_nothing(run: tuple[list[Said], list[Deployment]]) -> None:
    said, deployments = run
    for alert in [alert for deployment in deployments for alert in deployment.alerts]:
        last_sent = recount(said)[alert["subject"]].last_sent
        assert last_sent is not None
        assert alert["at"] <= render_time(last_sent + LIMITS.window)
