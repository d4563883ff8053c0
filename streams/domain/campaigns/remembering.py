"""How long a campaign is remembered: until nothing is heard of it, and no more than so many at once.

The clock is the append time of what is heard, never a wall clock. Who names each message as a campaign of its own makes
many; those that are really being sent are heard of again and again, and so stay.
"""

from collections.abc import Collection

from streams.domain.campaigns.kept import Roll

FORGOTTEN_AFTER_MS = 30 * 86_400_000
MOST = 1_000
"""Campaigns that are remembered, those heard of last."""


def heard(roll: Roll, campaigns: Collection[str], at: int) -> tuple[Roll, list[str]]:
    """The roll after these, each once, were heard of at `at`, and who is forgotten now."""
    now = max(at, next(reversed(roll.heard.values()), at))
    names = set(campaigns)
    known = {name: when for name, when in roll.heard.items() if name not in names} | dict.fromkeys(campaigns, now)
    too_many = max(0, len(known) - MOST)
    forgotten = [
        name for place, (name, when) in enumerate(known.items()) if place < too_many or when < now - FORGOTTEN_AFTER_MS
    ]
    for name in forgotten:
        del known[name]
    return Roll(known), forgotten
