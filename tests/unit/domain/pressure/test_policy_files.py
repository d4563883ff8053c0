"""What holds, written out: in the file's own notation, with defaults marked, at most 80 columns wide."""

import tomllib

from streams.domain.pressure import Policy, read_policy
from streams.domain.pressure.policy_files import policy_text
from tests.unit.domain.pressure.people import policy


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
