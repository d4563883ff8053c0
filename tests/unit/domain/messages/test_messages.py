"""Messages in words."""

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from streams.cli.alerts import alert_rules
from streams.domain.campaigns import alerts as campaigns
from streams.domain.campaigns.campaign_state import AlertedLimit, Rule
from streams.domain.campaigns.counts import ProviderCounts
from streams.domain.contact.sections.messages import Touch
from streams.domain.identity.link_changes import FindingKind
from streams.domain.messages import (
    TEMPLATES,
    Change,
    CodedMessage,
    Duration,
    Field,
    Instant,
    Listed,
    Money,
    PercentagePoints,
    Plural,
    Share,
    english,
    message,
    shown,
)
from streams.domain.messages.alert_details import DETAILS, detail_message, rule_message
from streams.domain.pressure import alerting
from streams.domain.pressure.asking import REPEATED, Reason
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


ROOT = Path(__file__).parents[4]
AT = 1_338_498_000_000
"""2012-05-31T21:00Z."""


@pytest.mark.parametrize(
    ("field", "how", "text"),
    [
        (12_345, "", "12,345"),
        (12_345, "d", "12345"),
        (Money(-310, "EUR"), "", "-€3.10"),
        (Money(310, "EUR", signed=True), "", "+€3.10"),
        (Money(0.2, "USD", signed=True), "", "$0.00"),
        (Money(123_456, "USD", whole=True), "", "$1,235"),
        (Share(0.0412, digits=2), "", "4.12 %"),
        (Share(26, 100), "tight", "26%"),
        (Share(3, 0), "tight", "–"),
        (PercentagePoints(-0.001), "", "0.00 pp"),
        (PercentagePoints(1.07), "", "+1.07 pp"),
        (Change(None, 3), "", "–"),
        (Instant(AT, "America/New_York"), "words", "17:00 on 31 May 2012"),
        (Instant(AT, "America/New_York"), "z", "2012-05-31 21:00Z"),
        (Instant(AT, "America/New_York"), "", "2012-05-31 17:00 EDT"),
        (Instant(AT), "", "2012-05-31 21:00 UTC"),
        (Duration(1_234.4), "s", "1,234 s"),
        (Duration(172_800), "", "2 days"),
        (Duration(5_400), "", "1.5 hours"),
        (Duration(60), "", "1 minute"),
        (Duration(1_800), "", "30 minutes"),
        (Duration(6_000), "", "100 minutes"),
        (Duration(90), "", "90 seconds"),
        (Listed(("a", 1_000), 3), "", "a, 1,000 and 3 more"),
    ],
)
def test_a_field_is_written_as_the_command_line_writes_it(field: Field, how: str, text: str) -> None:
    assert shown(field, how) == text


def test_the_number_in_its_field_decides_between_singular_and_plural() -> None:
    assert [english(message("experiment.people", people=count)) for count in (0, 1, 2_000)] == [
        *("0 people", "1 person", "2,000 people"),
    ]


def test_a_missing_field_and_an_unknown_code_are_errors() -> None:
    with pytest.raises(KeyError):
        english(message("experiment.people"))
    with pytest.raises(KeyError):
        english(message("no.such.code"))


@pytest.mark.parametrize("code", [code for code, template in TEMPLATES.items() if isinstance(template, Plural)])
def test_singular_and_plural_have_the_same_places_and_the_deciding_one_is_among_them(code: str) -> None:
    template = TEMPLATES[code]
    assert isinstance(template, Plural)
    one, other = ({place for _, place, _, _ in Formatter().parse(text)} for text in (template.one, template.other))
    assert one == other
    assert template.by in one


def codes_in_source() -> Iterator[tuple[str, set[str] | None]]:
    """Codes that are written out in calls of `message`, with the names of their fields if all are written out."""
    for file in (ROOT / "streams").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "message"):
                continue
            names = {keyword.arg for keyword in node.keywords}
            if node.args and isinstance(code := node.args[0], ast.Constant):
                yield str(code.value), None if None in names else {name for name in names if name}


def test_every_message_in_the_source_has_a_sentence_and_the_fields_of_its_places() -> None:
    found = list(codes_in_source())
    assert len(found) > 80
    for code, names in found:
        template = TEMPLATES[code]
        text = template.other if isinstance(template, Plural) else template
        assert names is None or names == {place for _, place, _, _ in Formatter().parse(text) if place}, code


def test_every_reason_of_a_decision_can_be_told() -> None:
    for reason in (*Reason.__args__, REPEATED):  # type: ignore[attr-defined]
        assert english(message(f"reason.{reason}")) == reason.replace("_", " ")
        assert english(message(f"why.{reason}"))


def test_one_of_something_is_not_told_as_several() -> None:
    assert not [code for code, text in TEMPLATES.items() if isinstance(text, Plural) and text.one == text.other]
