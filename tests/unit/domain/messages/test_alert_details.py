"""Details of alerts, as those who raise them write them, are read back to codes that say the same to the letter."""

from itertools import product
from typing import get_args

import pytest

from streams.cli.alerts import alert_rules
from streams.domain.campaigns import alerts as campaigns
from streams.domain.campaigns.campaign_state import AlertedLimit, Rule
from streams.domain.campaigns.counts import ProviderCounts
from streams.domain.contact.sections.messages import Touch
from streams.domain.identity.link_changes import FindingKind
from streams.domain.messages import CodedMessage, Listed, Share, english, message
from streams.domain.messages.alert_details import DETAILS, detail_message, rule_message
from streams.domain.pressure import alerting
from streams.domain.pressure.policy import CHANNELS, Cap
from streams.domain.quarantine.quarantines import Quarantine, alert_of
from streams.worker.agents.identity import handler
from tests.unit.domain.pressure.people import policy
from tests.unit.events.records import NOW

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
FROM_DIGITAL = Touch(NOW, "digital/mailer", "81", "email", "fundraising")
FROM_FIELD = Touch(NOW - 3 * HOUR, "field/minivan", "7", "door", "mobilisation")


def read(rule: str, detail: str) -> CodedMessage:
    """The message of a detail, which says the same to the letter and is of one of the rule's own codes."""
    found = detail_message(rule, detail)
    assert english(found) == detail
    assert found.code in DETAILS[rule], detail
    return found


def test_every_rule_has_a_name_and_codes_of_its_details() -> None:
    assert {*alert_rules()} == DETAILS.keys()
    for rule in alert_rules():
        assert rule_message(rule).code == f"alert.{rule}"
    assert rule_message("a_newer_rule") == message("text", text="a_newer_rule")


@pytest.mark.parametrize("rule", ["over_cap", "complaint_after_pressure", "unsubscribe_after_pressure"])
def test_a_cap_that_was_exceeded_is_read_back_with_its_figures(rule: str) -> None:
    for channel, purpose, window in product((None, *CHANNELS), (None, "fundraising"), ("90m", "12h", "30d")):
        cap = Cap.model_validate({"window": window, "at_most": 3, "purpose": purpose})
        excess = alerting._of_cap(channel, cap, [FROM_DIGITAL, FROM_FIELD] * 2)
        found = read(rule, f"{alerting._teams(excess)}: {excess.detail}")
        assert (found.fields["touches"], found.fields["most"]) == (4, 3)
        assert found.fields["teams"] == "digital, field"


def test_a_budget_that_was_exceeded_is_read_back_with_its_points() -> None:
    with_points = policy(points={"budget": 3_000})
    excess = alerting._of_points(with_points, NOW, [FROM_DIGITAL, FROM_FIELD] * 900)
    assert excess is not None
    found = read("over_cap", f"digital: {excess.detail}")
    assert found.code == "alert_detail.points"
    assert found.fields["most"] == 3_000


def test_two_teams_too_close_and_a_touch_after_a_stop_are_read_back() -> None:
    double = alerting._double(policy(), FROM_DIGITAL, FROM_FIELD)
    assert read("double_touch", double.detail).fields["apart"] == message("span.hours", n=3)
    for ago in (5 * MINUTE, 3 * HOUR, 2_000 * DAY):
        detail = f"digital: by email, opted_out {alerting.age(ago)} before"
        found = read("touch_after_stop", detail)
        assert found.fields["reason"] == message("stop.opted_out")
        assert found.fields["channel"] == message("channel.email")


@pytest.mark.parametrize(
    ("count", "messages", "limit"), [(31, 10_200, 0.003), (7, 1_000, 0.00700001), (3, 10**7, 0.02)]
)
def test_a_campaign_that_reaches_its_limit_is_read_back(count: int, messages: int, limit: float) -> None:
    for rule in get_args(Rule):
        for known in (ProviderCounts(sent=messages), ProviderCounts(delivered=messages)):
            detail = campaigns._detail(AlertedLimit(rule, "gmail", limit), count, known, 1_000)
            found = read(rule, detail)
            assert (found.fields["count"], found.fields["messages"], found.fields["least"]) == (count, messages, 1_000)


def test_alerts_of_experiments_are_read_back() -> None:
    found = read("experiment_split_broken", "people were not assigned as planned: A 1,200, b, c 3")
    assert found.fields["parts"] == Listed(
        (
            message("alert_detail.variant_people", variant="A", people=1_200),
            message("alert_detail.variant_people", variant="b, c", people=3),
        )
    )
    for effect in (0.39, 12.0, 1e-05, 250.0):
        detail = f"unsubscribed: B has more than A, {effect:+.3g} people of a hundred so far"
        assert read("experiment_guardrail", detail).fields["more"] == pytest.approx(effect)


@pytest.mark.parametrize("finding", get_args(FindingKind))
def test_findings_about_identifiers_are_read_back(finding: FindingKind) -> None:
    read(f"identity_{finding}", handler._DETAILS[finding])


def test_a_quarantine_is_read_back_with_its_share_and_its_end() -> None:
    alert = alert_of(Quarantine("digital/mailer", NOW, NOW + HOUR, 6_000), 0.974)
    assert read("source_quarantined", alert["detail"]).fields["share"] == Share(97, 100)


def test_a_receipt_is_read_back() -> None:
    read("erased", "The person was forgotten; backups and the lake are the operator's")


@pytest.mark.parametrize("detail", ["", "digital: what a newer version writes", "{teams}: {touches}", "a: 1d at most"])
def test_a_detail_that_is_not_known_stays_as_it_is_written(detail: str) -> None:
    for rule in (*DETAILS, "a_newer_rule"):
        assert detail_message(rule, detail) == message("text", text=detail)
