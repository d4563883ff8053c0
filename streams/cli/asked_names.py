"""Names in a question that may be misspelled: a campaign is let through that is on hold under its right name.

Nobody keeps a list of campaigns, teams or numbers, and a new one is nothing wrong; so it is remarked and the question
answered. What is compared with is at hand where the question is: what is on hold, the teams that files and settings
name, the numbers that the person has stopped.
"""

import re
from collections.abc import Collection
from contextlib import closing, suppress

from events.spelling import nearest_name
from sinks.keys import HOLDS, text
from streams.domain.display_names import is_shown
from streams.domain.pressure import PermissionRequest, Policy
from streams.platform.clients import tool_redis
from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.worker.measuring.teams import read_schedule


def remarks(settings: Settings, policy: Policy, request: PermissionRequest) -> list[str]:
    """What to look at before the answer is relied on. Raises RedisError."""
    held: set[str] = set()
    if request.campaign_id is not None:
        with closing(tool_redis(settings)) as client:
            held = {text(name) for name in client.hgetall(HOLDS)}
    found = (about_campaign(request.campaign_id, held), about_team(request.team, _teams(settings, policy)))
    return [remark for remark in found if remark is not None]


def about_campaign(campaign: str | None, held: Collection[str]) -> str | None:
    """Whether one that is not on hold is spelled like one that is."""
    if campaign is None or campaign in held or (near := nearest_name(campaign, sorted(held))) is None:
        return None
    if not is_shown(near):
        return f"--campaign: {campaign} is not on hold, and one that is spelled like it is: see `harmonia hold --list`"
    return f"--campaign: {campaign} is not on hold, and {near} is: is that the one?"


def about_team(team: str, known: Collection[str]) -> str | None:
    """Whether a team is none of those that anything names; without any nobody can tell."""
    if not team or not known or team in known:
        return None
    near = nearest_name(team, sorted(known))
    meant = f"; did you mean {near}?" if near and is_shown(near) else ""
    return f"--team: {team} is in no file of teams, policy or token{meant}"


def about_sender(sender: str | None, stopped: Collection[str]) -> str | None:
    """Whether a sender is spelled like one that the person has stopped."""
    if sender is None or sender in stopped or (near := nearest_name(sender, sorted(stopped))) is None:
        return None
    return f"--sender: this person has stopped {near}: is that the one?"


def _teams(settings: Settings, policy: Policy) -> set[str]:
    found = {*policy.transactional.teams}
    with suppress(Unusable):  # whoever reads that file for its hours says what is wrong with it
        found |= {*read_schedule(settings.teams).hours}
    items = re.split(r"[\s,]+", settings.api_tokens.get_secret_value())
    return found | {item.partition(":")[0] for item in items if ":" in item} - {"*"}
