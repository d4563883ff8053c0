"""What is said of one purpose binds whoever asks for that purpose, and nobody else."""

import pytest

from events.interactions.base import Purpose
from events.outputs import ConsentWord
from events.times import render_time
from streams.domain.pressure import FileMistakes, decide, default_policy_text, read_policy
from streams.domain.pressure.asking import Evidence
from streams.domain.pressure.closures import channel_denial, channel_rules
from tests.unit.domain.contact.said import profile_of, said
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


@pytest.mark.parametrize(
    ("purpose", "closed"),
    [
        *[("newsletter", True), ("Fund_raising", True), ("collecte", True), ("fundraising-2026", True)],
        *[
            ("Fundraising", False),
            ("mobilization", False),
            ("online_ads", False),
            ("Online_Ads", False),
            ("automatic_calls", True),
        ],
    ],
)
def test_a_no_for_a_purpose_that_nobody_asks_for_closes_the_channel(purpose: str, closed: bool) -> None:
    """Else it would bind nobody. A yes for it opens nothing, neither the channel nor what needs consent."""
    no = said("consent.changed", "n", NOON - DAY, channel="text", granted=False, purpose=purpose)
    yes = said("consent.changed", "y", NOON - DAY + 1, channel="text", granted=True, purpose=purpose)
    both = profile_of(no, yes)

    assert (both["consent"], "text" in both["stops"]) == ({"text": False} if closed else {}, closed)
    assert profile_of(yes)["consent"] == {}
    assert [word["purpose"] for word in both["consent_ledger"]] == [purpose] * 2
    answer = ("deny", "consent_withdrawn") if closed else ("allow", "ok")
    known = person(consent=both["consent"], stops=both["stops"], consent_ledger=both["consent_ledger"])
    assert ruled(decide(known, POLICY, asking("text", "informational"), NOON)) == answer
    to_all = said("consent.changed", "z", NOON - DAY + 2, channel="all", granted=True)
    assert profile_of(no, to_all)["consent"]["text"] is True


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


PROVEN = {"proof": "scan:1", "controller": "list-2026", "basis": "consent"}


@pytest.mark.parametrize(
    ("rule", "lacking"),
    [
        ({"needs_proof": True}, {"controller": "list-2026", "basis": "consent"}),
        ({"controller": "list-2026"}, {**PROVEN, "controller": "list-2020"}),
        ({"bases": ["consent"]}, {**PROVEN, "basis": "legitimate_interest"}),
        ({"bases": ["consent"]}, {"proof": "scan:1"}),
    ],
)
def test_a_yes_that_lacks_what_the_policy_asks_for_is_no_consent_and_is_the_evidence(
    rule: dict[str, object], lacking: dict[str, str]
) -> None:
    strict = policy(unknown__text="allow", closures__needs_consent=["text"], closures__consent=rule)
    refused = decide(person(consent_ledger=[word(granted=True, days_ago=1, **lacking)]), strict, asking("text"), NOON)
    assert (*ruled(refused), refused.evidence) == ("deny", "no_consent", (Evidence("forms/site", "w1"),))
    proven = person(consent_ledger=[word(granted=True, days_ago=1, **PROVEN)])
    assert ruled(decide(proven, strict, asking("text"), NOON)) == ("allow", "ok")


def test_rules_of_consent_for_a_channel_that_needs_none_are_a_mistake_in_the_file() -> None:
    text = default_policy_text().replace(
        "[closures.also_closes]", '[closures.consent]\nfor_purpose = ["text"]\n\n[closures.also_closes]'
    )
    found = read_policy(text)
    assert isinstance(found, FileMistakes)
    assert "name it in closures.needs_consent" in str(found)


@pytest.mark.parametrize("scope", [{"list_id": "news"}, {"sender": "62012"}, {"purpose": "online_ads"}])
def test_what_is_said_of_a_list_a_sender_or_another_purpose_is_no_word_on_this_one(scope: dict[str, str]) -> None:
    known = person(consent_ledger=[word(granted=True, days_ago=1, **scope)])
    assert ruled(decide(known, STRICT, asking("text"), NOON)) == ("deny", "no_consent")
    known = person(consent_ledger=[word(granted=False, days_ago=1, **scope)])
    assert ruled(decide(known, POLICY, asking("text"), NOON)) == ("allow", "ok")
