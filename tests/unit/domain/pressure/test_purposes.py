"""What is said of one purpose binds whoever asks for that purpose, and nobody else."""

import pytest

from events.interactions.base import Purpose
from events.outputs import ConsentWord
from events.times import render_time
from streams.domain.pressure import decide
from streams.domain.pressure.asking import Evidence
from streams.domain.pressure.closures import channel_denial, channel_rules
from tests.unit.domain.pressure.people import DAY, NOON, asking, person, policy, ruled

POLICY = policy(unknown__text="allow")
STRICT = policy(unknown__text="allow", closures__needs_consent=["text"])


def word(granted: bool, days_ago: int = 1, **more: str) -> ConsentWord:
    told: ConsentWord = {
        "type": "consent.changed",
        "channel": "text",
        "granted": granted,
        "at": render_time(NOON - days_ago * DAY),
        "source": "forms/site",
        "id": f"w{days_ago}",
        "purpose": "fundraising",
    }
    return told | more  # type: ignore[return-value]


def test_a_no_for_one_purpose_denies_that_purpose_alone() -> None:
    known = person(consent_ledger=[word(granted=False)])
    refused = decide(known, POLICY, asking("text", "fundraising"), NOON)
    assert (*ruled(refused), refused.evidence) == ("deny", "consent_withdrawn", (Evidence("forms/site", "w1"),))
    assert ruled(decide(known, POLICY, asking("text", "mobilisation"), NOON)) == ("allow", "ok")
    assert ruled(decide(known, POLICY, asking("email", "fundraising"), NOON)) == ("allow", "ok")
    assert channel_denial(known, channel_rules(POLICY), "text", NOON) is None


def test_a_no_on_all_channels_is_one_on_each() -> None:
    known = person(consent_ledger=[word(granted=False, channel="all")])
    for channel in ("email", "text"):
        assert ruled(decide(known, POLICY, asking(channel, "fundraising"), NOON)) == ("deny", "consent_withdrawn")


def test_only_a_later_yes_to_the_purpose_lifts_it() -> None:
    no, yes = word(granted=False, days_ago=2), word(granted=True)
    assert ruled(decide(person(consent_ledger=[no, yes]), POLICY, asking("text"), NOON)) == ("allow", "ok")
    to_the_channel = person(consent_ledger=[no], consent={"text": True})
    assert ruled(decide(to_the_channel, POLICY, asking("text"), NOON)) == ("deny", "consent_withdrawn")
    at_once = person(consent_ledger=[no, word(granted=True, days_ago=2)])
    assert ruled(decide(at_once, POLICY, asking("text"), NOON)) == ("deny", "consent_withdrawn")


@pytest.mark.parametrize(
    ("purpose", "answer"), [("fundraising", ("allow", "ok")), ("mobilisation", ("deny", "no_consent"))]
)
def test_where_consent_is_needed_a_yes_to_the_purpose_is_enough_for_it(
    purpose: Purpose, answer: tuple[str, str]
) -> None:
    known = person(consent_ledger=[word(granted=True)])
    assert ruled(decide(known, STRICT, asking("text", purpose), NOON)) == answer


@pytest.mark.parametrize("scope", [{"list_id": "news"}, {"sender": "62012"}, {"purpose": "online_ads"}])
def test_what_is_said_of_a_list_a_sender_or_another_purpose_is_no_word_on_this_one(scope: dict[str, str]) -> None:
    known = person(consent_ledger=[word(granted=True, days_ago=1, **scope)])
    assert ruled(decide(known, STRICT, asking("text"), NOON)) == ("deny", "no_consent")
    known = person(consent_ledger=[word(granted=False, days_ago=1, **scope)])
    assert ruled(decide(known, POLICY, asking("text"), NOON)) == ("allow", "ok")


def test_case_and_spelling_make_no_other_purpose() -> None:
    known = person(consent_ledger=[word(granted=False, purpose="Mobilization")])
    assert ruled(decide(known, POLICY, asking("text", "mobilisation"), NOON)) == ("deny", "consent_withdrawn")
