"""Who may have the tag of a segment at a vendor whose mail is of one purpose, under a policy with conditions."""

from typing import Any, get_args

import pytest

from events.channels import LimitedPurpose
from events.outputs import ConsentWord, ContactProfile
from events.times import render_time
from streams.domain.pressure import Policy, default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.vendors.reconciling import ListedPerson, TagQuestion, VendorOutcome, tag_outcome
from streams.domain.vendors.standing import NamedContact
from tests.unit.domain.pressure.people import DAY, EMAIL, HOUR, NOON, person, policy, stop, touch, unlimited

FRENCH = default_policy("fr")
ADA = ListedPerson("1", "1", (("email:x",),), (EMAIL,))
ANYTHING: tuple[LimitedPurpose | None, ...] = (None, *get_args(LimitedPurpose))


def word(granted: bool, **more: Any) -> ConsentWord:
    said = {"type": "consent.changed", "channel": "email", "granted": granted, "at": render_time(NOON - DAY)}
    return said | {"source": "forms/site", "id": "w"} | more  # type: ignore[return-value]


def tag(
    known: ContactProfile, rules: Policy, purpose: LimitedPurpose | None = None, held: bool = False
) -> VendorOutcome:
    question = TagQuestion(channel_rules(rules), NOON, purpose)
    return tag_outcome(ADA, [NamedContact("ada", known, is_member=True)], question, is_held=held)


def test_nobody_who_has_not_agreed_to_appeals_has_the_tag_of_whoever_appeals() -> None:
    """Nor where it is not said what is written: what is not said is judged as the worst."""
    agreed = person(consent_ledger=[word(True, basis="consent", proof="scan:1")], consent={"email": True})
    for purpose in ("fundraising", None):
        assert tag(person(), FRENCH, purpose) == ("leave", "no_consent")
        assert tag(person(), FRENCH, purpose, held=True) == ("remove", "no_consent")
        assert tag(agreed, FRENCH, purpose) == ("add", "member")
    assert tag(person(), FRENCH, "informational") == ("add", "member")


def test_who_refused_the_purpose_that_is_said_has_no_tag_for_it() -> None:
    known = person(consent_ledger=[word(False, purpose="fundraising")])
    assert tag(known, default_policy(), "fundraising", held=True) == ("remove", "consent_withdrawn")
    assert tag(known, default_policy(), "informational") == ("add", "member")
    assert tag(known, default_policy()) == ("add", "member")


@pytest.mark.parametrize("purpose", ANYTHING)
def test_caps_hours_and_a_list_that_was_left_count_for_no_tag(purpose: LimitedPurpose | None) -> None:
    left = person(stops={"senders": {}, "lists": {"weekly": stop("unsubscribed")}})
    tight = policy(gaps__email="30d", caps__email=[{"window": "30d", "at_most": 1}])
    assert tag({**left, "touches": [touch(NOON - HOUR)]}, tight, purpose) == ("add", "member")


@pytest.mark.parametrize("channel", ["phone", "text"])
def test_conditions_on_other_channels_count_for_no_mail(channel: str) -> None:
    rules = unlimited(conditions=[{"channel": channel, "require": "provenance"}])
    assert tag(person(), rules) == ("add", "member")
