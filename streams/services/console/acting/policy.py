"""Publishes a policy, and publishes an earlier one again.

Whoever has drafted from a text that is no longer in force is refused. It is done once this console holds the policy;
every other process that reads the same file takes it up within a second.
"""

import asyncio
import time
from pathlib import Path

from streams.domain.pressure import FileMistakes, read_policy
from streams.platform.published_policies import Overtaken, PublishedPolicy, Unlisted, mark_of, name_of, publish
from streams.services.console.acting.request import ActRequest, Ready
from streams.services.console.gate import file_text
from streams.services.console.outcomes import Outcome, done_as_shown, not_done, unsure
from streams.services.console.page import PageRefused
from streams.services.console.pages.policy import history_of, text_in_force
from streams.services.console.rights import EVERYTHING
from streams.services.console.views import Audited

WAIT_S = 10.0
"""Seconds in which this console has to hold it."""
_LOOK_AGAIN_S = 0.1
_OVERTAKEN = not_done(
    "Somebody else has published meanwhile",
    "The policy in force is another one than the one that this is based on, so nothing was published. Look at what is "
    "in force, and make your changes to that.",
    "/policy",
)


async def publish_policy(asked: ActRequest) -> Outcome | Ready:
    """Publish the text of a form."""
    return _ready(asked, file_text(asked.said))


async def roll_back_policy(asked: ActRequest) -> Outcome | Ready:
    """Publish again what was published before."""
    rows = history_of(asked.deps.settings.policy)
    found = next((row for row in rows if row.name == asked.said.get("name")), None)
    if found is None:
        raise PageRefused.not_found()
    return _ready(asked, found.text)


def _ready(asked: ActRequest, text: str) -> Outcome | Ready:
    path, viewer = asked.deps.settings.policy, asked.viewer
    if viewer.scope != EVERYTHING:
        raise PageRefused.not_found()
    if path is None:
        return not_done(
            "Nowhere to publish",
            "No file is set up for a policy of your own: Harmonia’s own holds. Whoever operates Harmonia sets it up.",
            "/policy",
        )
    policy = read_policy(text)
    if isinstance(policy, FileMistakes):
        return not_done("The policy has mistakes", "Nothing was published. Check the draft: it says which.", "/policy")
    now = text_in_force(asked.deps.settings)
    if now == text:
        return done_as_shown("/policy")
    if mark_of(now) != asked.said.get("based_on"):
        return _OVERTAKEN
    at = asked.deps.wall()
    publication = PublishedPolicy(name_of(at, policy.version), policy.version, viewer.name, at, text)

    async def perform() -> Outcome:
        return await _published(asked, path, publication)

    return Ready(Audited(detail=f"policy {policy.version} in place of {asked.deps.judge.policy.version}"), perform)


async def _published(asked: ActRequest, path: Path, publication: PublishedPolicy) -> Outcome:
    try:
        await asyncio.to_thread(publish, path, publication.text, asked.said["based_on"], publication)
    except Overtaken:
        return _OVERTAKEN
    except Unlisted:
        return unsure(
            "Published, and not on the list",
            "The file is written, and holds. The folder beside it could not be written, so the list of what was "
            "published lacks it until another takes its place.",
            "/policy",
        )
    except OSError:
        return not_done(
            "The file cannot be written",
            "The file of the policy, or the folder beside it, cannot be written by the console, so the policy before "
            "goes on. Whoever operates Harmonia gives the console the right to write them.",
            "/policy",
            503,
        )
    given_up = time.monotonic() + WAIT_S
    while asked.deps.judge.policy.version != publication.version:
        if time.monotonic() > given_up:
            return unsure(
                "Published, and not in force here yet",
                "The file is written, but this console does not hold it: somebody else may have changed it since. Look "
                "at what is in force.",
                "/policy",
            )
        await asyncio.sleep(_LOOK_AGAIN_S)  # the file is looked at once a second
    return done_as_shown("/policy")
