"""Which people have done nothing of their own for so long that nothing of them is to be kept."""

from typing import NamedTuple

from events.outputs import ContactProfile
from events.times import render_time


class InactivityRule(NamedTuple):
    """Whoever has done nothing since `until` (ms), and of whom something was known by then."""

    until: int


def is_inactive(profile: ContactProfile, rule: InactivityRule) -> bool:
    """Whether a person is due. Who never did anything is so from when they were first heard of."""
    last = profile.get("last_active_at") or profile["first_seen"]
    return last is not None and last <= render_time(rule.until)
