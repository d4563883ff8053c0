"""Policies, their files and purposes."""

import tomllib
from typing import get_args

import pytest

from events.interactions.base import Purpose
from events.mailboxes import Mailbox
from events.outputs import ConsentWord
from events.times import render_time
from streams.domain.pressure import FileMistakes, Policy, decide, default_policy, default_policy_text, read_policy
from streams.domain.pressure.asking import Evidence
from streams.domain.pressure.closures import channel_denial, channel_rules
from streams.domain.pressure.policy_files import policy_text
from streams.domain.pressure.policy_values import HOUR
from tests.unit.domain.contact.said import profile_of, said
from tests.unit.domain.pressure.people import DAY, NOON, asking, person, policy, ruled

DEFAULT = default_policy_text()
SPAN = 'give minutes, hours or days, such as "90m", "12h" or "7d"'
HOURS = 'give local hours such as "09:00-20:00", up to "24:00", or "closed"'
CASES = [
    # One change of the default file each: what stood there, what stands there now, and the mistake.
    ('{ window = "7d", at_most = 2 }', '{ window = "7d", at_most = 0 }', "caps.letter[0].at_most", "is 0", "1 or more"),
    ("at_most = 20 }", "at_most = true }", "caps.email[3].at_most", "is True", "a whole number of 1 or more"),
    ("at_most = 20 }", 'at_most = "20" }', "caps.email[3].at_most", "is '20'", "a whole number of 1 or more"),
    ('"7d", at_most = 6 }', '"7d" }', "caps.email[1].at_most", "is missing", "nothing is guessed"),
    (
        '"7d", at_most = 6 }',
        '"31d", at_most = 6 }',
        "caps.email[1].window",
        "is '31d'",
        "messages, calls and visits are known for 30 days",
    ),
    ('"7d", at_most = 6 }', '"0d", at_most = 6 }', "caps.email[1].window", "is '0d'", "more than nothing"),
    ('"7d", at_most = 6 }', '"week", at_most = 6 }', "caps.email[1].window", "is 'week'", SPAN),
    ('"7d", at_most = 6 }', "7, at_most = 6 }", "caps.email[1].window", "is 7", SPAN),
    (
        'purpose = "fundraising" },\n]\nphone',
        'purpose = "transactional" },\n]\nphone',
        "caps.text[3].purpose",
        "is 'transactional'",
        "give 'fundraising', 'mobilisation' or 'informational'",
    ),
    ('phone = "3d"', "", "gaps.phone", "is missing", "nothing is guessed"),
    ('phone = "3d"', 'phone = "40d"', "gaps.phone", "is '40d'", 'at most "30d"'),
    ('phone = "3d"', 'phone = "3d"\nfax = "1d"', "gaps.fax", "is not known", "correct its name or take it out"),
    ("budget = 12000", "budget = 2999", "points.budget", "is 2999", "3000 or more, what a visit costs"),
    ("budget = 12000", "", "points.budget", "is missing", "nothing is guessed"),
    ('country = "US" ', 'country = "USA" ', "hours.country", "is 'USA'", 'two capital letters, such as "US"'),
    ('daily = "06:00-22:00"', 'daily = "22:00-06:00"', "hours.email.daily", "is '22:00-06:00'", "begin before it ends"),
    ('daily = "06:00-22:00"', 'daily = "06:00-24:30"', "hours.email.daily", "is '06:00-24:30'", "begin before it ends"),
    ('daily = "06:00-22:00"', 'daily = "6-22"', "hours.email.daily", "is '6-22'", HOURS),
    ('daily = "06:00-22:00"', 'monday = "06:00-22:00"', "hours.email.daily", "is missing", "nothing is guessed"),
    ('daily = "06:00-22:00"', 'daily = "closed"', "hours", "email never opens in all time zones of US", "longer hours"),
    ('daily = "06:00-22:00"', 'daily = "09:00-12:00"', "hours", "email never opens in all time zones of US", "longer"),
    (
        'sender_stop = "sender" ',
        'sender_stop = "any" ',
        "closures.sender_stop",
        "is 'any'",
        "give 'sender' or 'everyone'",
    ),
    ("needs_consent = []", 'needs_consent = "text"', "closures.needs_consent", "is 'text'", "give a list"),
    ("needs_consent = []", 'needs_consent = ["fax"]', "closures.needs_consent[0]", "is 'fax'", "'door' or 'letter'"),
    ("opted_out = []", "stopped = []", "closures.also_closes.stopped", "is not known", "correct its name"),
    ("support = [4, 5]", "support = [6]", "mobilisation.support[0]", "is 6", "give 1, 2, 3, 4 or 5"),
    ('ballot = ["voted"]', 'ballot = ["rejected"]', "mobilisation.ballot[0]", "is 'rejected'", "'cured' or 'voted'"),
    ("[giving.limits]", "[giving.limits]\nC1 = { G = { USD = 0 } }", "giving.limits.C1.G.USD", "is 0", "minor units"),
    ("[giving.limits]", "[giving.limits]\nC1 = { G = { USD = 33.5 } }", "giving.limits.C1.G.USD", "is 33.5", "minor"),
    (
        "[giving.limits]",
        "[giving.limits]\nC1 = { G = { usd = 5 } }",
        "giving.limits.C1.G",
        "has 'usd'",
        "three capital",
    ),
    ("[giving.limits]", "[giving.limits]\nC1 = 350000", "giving.limits.C1", "is 350000", "give a table"),
    ("sources = []", "sources = [1]", "transactional.sources[0]", "is 1", "give a text in quotes"),
    ('text = "deny"', 'text = "ask"', "unknown.text", "is 'ask'", "give 'allow' or 'deny'"),
    ('text = "2h"', 'text = "8d"', "expiry.text", "is '8d'", 'up to "7d"'),
    ("[expiry]", "[expires]", "expiry", "is missing", "nothing is guessed"),
    ("minimum = 1000 ", "minimum = 0 ", "rates.minimum", "is 0", "a whole number of messages, 1 or more"),
    ("minimum = 1000 ", "minimum = 1e3 ", "rates.minimum", "is 1000.0", "a whole number of messages, 1 or more"),
    ('window = "3d" ', 'window = "0d" ', "rates.window", "is '0d'", "campaigns are remembered for 30 days"),
    ('window = "3d" ', 'window = "31d" ', "rates.window", "is '31d'", "campaigns are remembered for 30 days"),
    ('window = "3d" ', "window = 3 ", "rates.window", "is 3", SPAN),
    ("gmail = 0.003", "gmail = 0.3", "rates.complaints.gmail", "is 0.3", "0.003 is 0.3 %"),
    ("gmail = 0.003", 'gmail = "0.3 %"', "rates.complaints.gmail", "is '0.3 %'", "a part of what was sent"),
    ("apple = 0.02", "apple = 0.0", "rates.unsubscribes.apple", "is 0.0", "more than 0 and up to 0.1"),
    ("gmail = 0.003", "google = 0.003", "rates.complaints.google", "is not known", "correct its name"),
    ("[elections]\n", "[elections]\nover = []\n", "elections.over", "is not known", "correct its name"),
]


@pytest.mark.parametrize(("was", "now", "key", "problem", "cure"), CASES)
def test_each_mistake_is_told_with_its_key_and_its_cure(was: str, now: str, key: str, problem: str, cure: str) -> None:
    assert was in DEFAULT
    found = read_policy(DEFAULT.replace(was, now))
    assert isinstance(found, FileMistakes)
    told = {mistake.key: mistake for mistake in found.found}
    assert key in told, str(found)
    assert problem in told[key].problem
    assert cure in told[key].cure


def test_every_mistake_is_told_at_once() -> None:
    found = read_policy(DEFAULT.replace('phone = "3d"', "").replace("budget = 12000", "budget = 1"))
    assert str(found).splitlines() == [
        "gaps.phone: is missing; add it, nothing is guessed: see docs/policy.md",
        "points.budget: is 1; give 3000 or more, what a visit costs, or leave the section out",
    ]


@pytest.mark.parametrize("channel", ["email", "text", "phone", "door", "letter", "any"])
def test_a_channel_without_a_cap_is_refused(channel: str) -> None:
    table, rest = DEFAULT.split(f"\n{channel} = [\n", 1)
    caps = rest[rest.index("\n]\n") + 3 :]
    gone, none = (read_policy(f"{table}\n{line}\n{caps}") for line in ("", f"{channel} = []"))
    assert isinstance(gone, FileMistakes)
    assert [str(each) for each in gone.found] == [
        f"caps.{channel}: is missing; add it, nothing is guessed: see docs/policy.md"
    ]
    assert str(none) == (
        f'caps.{channel}: has no cap for all purposes; add one without "purpose": a missing cap is not guessed'
    )


def test_a_cap_of_one_purpose_alone_leaves_the_others_without() -> None:
    day, of_one = '{ window = "1d", at_most = 3', 'purpose = "fundraising" }'
    assert isinstance(read_policy(DEFAULT.replace(f"{day} }}", f"{day}, {of_one}")), Policy)  # a week's is still there
    alone = DEFAULT[DEFAULT.index("any = [") : DEFAULT.index("# The least time")]
    found = read_policy(DEFAULT.replace(alone, f"any = [{day}, {of_one}]\n"))
    assert str(found).startswith("caps.any: has no cap for all purposes;")


def test_what_is_not_toml_is_told_with_its_place() -> None:
    found = read_policy("[caps]\nemail = 7d")
    assert isinstance(found, FileMistakes)
    assert found.found[0].key == ""
    assert "is not TOML" in str(found)
    assert "line 2" in str(found)


def test_the_default_policy_is_the_file_and_keeps_calls_to_decent_hours() -> None:
    assert read_policy(DEFAULT) == default_policy()
    assert default_policy().hours.phone.week == (((9 * HOUR, 20 * HOUR),) * 6) + ((12 * HOUR, 20 * HOUR),)
    assert default_policy().unknown.text == default_policy().unknown.phone == "deny"


def test_a_file_without_rates_has_those_of_the_default() -> None:
    """So a file that is older than they are goes on as it is."""
    found = read_policy(DEFAULT[: DEFAULT.index("[rates]")])
    assert found == default_policy()


def test_every_provider_has_its_limits() -> None:
    for mailbox in get_args(Mailbox):
        assert default_policy().rates.complaints.of(mailbox) == 0.003
        assert default_policy().rates.unsubscribes.of(mailbox) == 0.02


def test_the_version_is_of_what_is_said_and_not_of_how() -> None:
    bare = "\n".join(line.partition(" #")[0] for line in DEFAULT.splitlines() if not line.startswith("#"))
    for same in (bare, DEFAULT.replace('"1d"', '"24h"'), DEFAULT.replace("sources = []\nteams = []", "teams = []")):
        found = read_policy(same)
        assert isinstance(found, Policy)
        assert found.version == default_policy().version
    changed = read_policy(DEFAULT.replace("at_most = 20 }", "at_most = 19 }"))
    assert isinstance(changed, Policy)
    assert changed.version != default_policy().version
    assert len(changed.version) == 12


def test_the_version_knows_no_order_of_committees() -> None:
    limits = {"C1": {"any": {"USD": 5, "EUR": 6}}, "C2": {"any": {"USD": 7}}}
    turned = {"C2": {"any": {"USD": 7}}, "C1": {"any": {"EUR": 6, "USD": 5}}}
    assert policy(giving__limits=limits).version == policy(giving__limits=turned).version


def lines(shown: Policy) -> list[str]:
    return policy_text(shown).splitlines()


def test_values_are_written_as_in_a_file() -> None:
    shown = lines(policy(gaps__email="90m", hours__door={"daily": "closed", "friday": "08:00-24:00"}))
    assert 'gaps.email = "90m"' in shown
    assert 'hours.door.daily = "closed"' in shown
    assert 'hours.door.friday = "08:00-24:00"' in shown
    assert not any(line.startswith("hours.door.monday") for line in shown)
    assert '    { window = "7d", at_most = 4, purpose = "fundraising" },' in shown


def test_what_a_default_fills_in_is_marked_and_nothing_else_is() -> None:
    without = policy(closures__needs_consent=None, closures__also_closes=None, giving=None)
    shown = lines(without)
    assert "closures.needs_consent = []  # by default" in shown
    assert "closures.also_closes.opted_out = []  # by default" in shown
    assert 'closures.sender_stop = "sender"' in shown
    assert [line for line in lines(policy(closures__needs_consent=["text"])) if "needs_consent" in line] == [
        'closures.needs_consent = ["text"]'
    ]


def test_limits_are_written_by_whatever_name_they_have() -> None:
    limits = {"C004 (joint)": {"2012-general": {"USD": 350_000}}}
    shown = policy(giving={"limits": limits})
    assert 'giving.limits."C004 (joint)"."2012-general"."USD" = 350000' in lines(shown)
    assert tomllib.loads(policy_text(shown))["giving"]["limits"] == limits
    assert read_policy(policy_text(shown)) == shown


def test_what_is_not_limited_at_all_is_said() -> None:
    shown = lines(policy(points=None))
    assert "# points: none" in shown
    assert "# giving.limits: none" in shown


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
