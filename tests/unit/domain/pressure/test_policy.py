"""The policy file: what is wrong with it is said by key, with the cure; what it says makes its version."""

from typing import get_args

import pytest

from events.mailboxes import Mailbox
from streams.domain.pressure import FileMistakes, Policy, default_policy, default_policy_text, read_policy
from streams.domain.pressure.policy_values import HOUR
from tests.unit.domain.pressure.people import policy

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
