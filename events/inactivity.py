"""Which people have done nothing of their own for so long that nothing of them is to be kept."""

from typing import NamedTuple

from events.outputs import ContactProfile
from events.registry import types_that
from events.times import render_time

_CONSENT = "consent.changed"
_OWN = types_that(lambda spec: spec.is_own_act) - {_CONSENT}


def is_own_yes(basis: str | None) -> bool:
    """Whether a yes is the person's own act: not one on another ground than consent, which others may say for them."""
    return basis in (None, "consent")


class InactivityRule(NamedTuple):
    """Whoever has done nothing since `until` (ms), and of whom something was known by then."""

    until: int


def is_inactive(profile: ContactProfile, rule: InactivityRule) -> bool:
    """Whether a person is due. Who never did anything is so by the first time that is named of them.

    A profile that an older version wrote does not say when; of who did something by it nobody is due.
    """
    last = profile.get("last_active_at")
    if last is None:
        if profile["canvass"]["contacts"] or not _OWN.isdisjoint(profile["counts"]) or _has_own_word(profile):
            return False
        last = profile["first_seen"]
    return last is not None and last <= render_time(rule.until)


def _has_own_word(profile: ContactProfile) -> bool:
    if _CONSENT not in profile["counts"]:
        return False
    words = profile.get("consent_ledger")
    return words is None or any(not word["granted"] or is_own_yes(word.get("basis")) for word in words)
