"""Defines an experiment, and ends one, by the command line's own commands in a child process.

What is defined is written as a whole or, where Kafka dies in the middle, goes on with the same definition sent again:
the first partition, which everybody reads, is written last.
"""

from events.fields import MAX_ID
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.file_mistakes import FileMistakes
from streams.services.console.acting.request import ActRequest, Ready
from streams.services.console.gate import file_text
from streams.services.console.jobs import TooManyJobs
from streams.services.console.outcomes import Outcome, done_as_shown, not_done
from streams.services.console.page import PageRefused
from streams.services.console.pages.experiment_plans import ABOUT
from streams.services.console.pages.runs import BUSY, STDIN, path_of
from streams.services.console.rights import EVERYTHING
from streams.services.console.views import Audited


async def define(asked: ActRequest) -> Outcome | Ready:
    """Define the experiment of a form, over the definition that its author has seen."""
    text = file_text(asked.said)
    found = read_definitions(text)
    if isinstance(found, FileMistakes):
        return not_done("The plan has mistakes", "Nothing was defined. Check it: that says which.", "/plans")
    if len(found) != 1:
        return not_done("One at a time", "Give one experiment: of several, each is checked by itself.", "/plans")
    words = ("experiments", "define", STDIN, "--json", f"--over={asked.said.get('over', '')}")
    return _ready(asked, words, text.encode(), f"experiment {found[0].id}")


async def end(asked: ActRequest) -> Outcome | Ready:
    """End an experiment now."""
    experiment = asked.said.get("experiment", "")
    if not 1 <= len(experiment) <= MAX_ID or not experiment.isprintable():
        raise PageRefused.not_found()
    return _ready(asked, ("experiments", "end", "--json", "--", experiment), b"", f"experiment {experiment}")


def _ready(asked: ActRequest, words: tuple[str, ...], stdin: bytes, detail: str) -> Ready:
    if asked.viewer.scope != EVERYTHING:
        raise PageRefused.not_found()

    async def perform() -> Outcome:
        try:
            job = asked.deps.jobs.begin(asked.viewer.name, ABOUT, words, stdin)
        except TooManyJobs:
            return not_done(BUSY.title, BUSY.text, "/plans", 503)
        return done_as_shown(path_of(job))

    return Ready(Audited(detail=detail), perform)
