"""Which people have done nothing of their own for so long that nothing of them is to be kept."""

from typing import NamedTuple

from events.outputs import ContactProfile
from events.registry import types_that
from events.times import render_time

_OWN = types_that(lambda spec: spec.is_own_act)


class InactivityRule(NamedTuple):
    """Whoever has done nothing since `until` (ms), and of whom something was known by then."""

    until: int


def is_inactive(profile: ContactProfile, rule: InactivityRule) -> bool:
    """Whether a person is due. Who never did anything is so from when they were first heard of.

    A profile that an older version wrote does not say when; of who did something by it nobody is due.
    """
    last = profile.get("last_active_at")
    if last is None:
        if profile["canvass"]["contacts"] or not _OWN.isdisjoint(profile["counts"]):
            return False
        last = profile["first_seen"]
    return last is not None and last <= render_time(rule.until)
