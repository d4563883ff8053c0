"""Sends dead letters anew, and lets a quarantined source go: what was rehearsed, as it was rehearsed.

The command line's own command does it in a child process, whose page says how far it is and what became of it. A batch
and the note that it was sent are one transaction, so whatever dies in the middle, it goes on where it stood.
"""

from streams.services.console.acting.request import ActRequest, Ready
from streams.services.console.jobs import TooManyJobs
from streams.services.console.outcomes import Outcome, done_as_shown, not_done
from streams.services.console.page import PageRefused
from streams.services.console.pages.letters import ABOUT, sending_of
from streams.services.console.pages.runs import BUSY, path_of
from streams.services.console.rights import EVERYTHING
from streams.services.console.views import Audited


async def requeue(asked: ActRequest) -> Outcome | Ready:
    """Send the dead letters of a cause anew."""
    return await _ready(asked, "cause")


async def release(asked: ActRequest) -> Outcome | Ready:
    """Let a source out of quarantine and send what was held of it."""
    return await _ready(asked, "source")


async def _ready(asked: ActRequest, of: str) -> Outcome | Ready:
    jobs = asked.deps.jobs
    rehearsed = jobs.find(asked.said.get("job", ""), ABOUT)
    if rehearsed is None or rehearsed.by != asked.viewer.name or of not in rehearsed.given:
        return not_done(
            "Rehearse it again",
            "This console knows of no such rehearsal of yours: it was too long ago, or the console was started anew. "
            "Nothing was sent.",
            "/letters",
        )
    if rehearsed.given["what"] != "rehearsal" or rehearsed.state != "done":
        return not_done(
            "Rehearse it first", "Only what was rehearsed to its end is sent. Nothing was sent.", "/letters"
        )
    if asked.viewer.scope != EVERYTHING:
        raise PageRefused.not_found()
    given = {**rehearsed.given, "what": "sent"}
    words = sending_of(rehearsed.words)

    async def perform() -> Outcome:
        try:
            job = jobs.begin(asked.viewer.name, ABOUT, words, rehearsed.stdin, given)
        except TooManyJobs:
            return not_done(BUSY.title, BUSY.text, "/letters", 503)
        return done_as_shown(path_of(job))

    return Ready(Audited(detail=f"{rehearsed.given['told']}; rehearsal {rehearsed.id}"), perform)
