"""Runs of commands that somebody has begun from a page: finding one's own, reading what it answered, stopping it.

What a run is about says which page shows it; the commands are run by `jobs.py`.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from events.json_types import UNREADABLE
from streams.services.console.gate import Console, message_page, posted
from streams.services.console.jobs import Job
from streams.services.console.page import PageRefused, PageRequest
from streams.services.console.signin import SignedIn

Answer = TypeVar("Answer")
EVERY_S = 1
STDIN = "/dev/stdin"
"""Where a command reads what somebody wrote in a form: it stands in no file, and in no list of processes."""
PATHS: Mapping[str, str] = {"letters": "/letters/runs", "backtest": "/policy/backtests", "experiments": "/plans/runs"}
"""Where a run is shown, by what it is about."""
BUSY = PageRefused(
    503,
    "Not available now",
    "Others are waiting for their turn already, or one of yours is. Try again in a minute.",
)


def path_of(job: Job) -> str:
    """The path of the page of a run."""
    return f"{PATHS[job.about]}/{job.id}"


def own_run(asked: PageRequest, about: str, otherwise: str) -> Job:
    """The run of the page. Raises PageRefused, with these words, where there is none, or it is somebody else's."""
    job = asked.deps.jobs.find(asked.params["job"], about)
    if job is None or job.by != asked.viewer.name:
        raise PageRefused(404, "Not found", otherwise)
    return job


def read_answer(job: Job | None, read: Callable[[bytes], Answer]) -> Answer | None:
    """The answer of a job that is done; None: there is none, or it cannot be read."""
    if job is None or job.state != "done":
        return None
    try:
        return read(job.answer)
    except UNREADABLE:
        return None


def waited_s(job: Job | None, asked: PageRequest) -> float:
    """For how many seconds a job has been waited for."""
    return 0.0 if job is None else max(0, asked.wall_ms - (job.began_ms or job.asked_ms)) / 1000


def refusal_page(console: Console, signed_in: SignedIn, why: PageRefused) -> Response:
    """The page that says why something was not begun."""
    words = console.page_request(signed_in, {}).words
    return message_page(console, signed_in, words.text(why.title), words.text(why.text), why.status)


def routes(console: Console) -> APIRouter:
    """The route that stops a run of one's own."""
    router = APIRouter()

    @router.post("/jobs/cancel")
    async def cancel(request: Request) -> Response:
        signed_in, said = await posted(console, request)
        for about in PATHS:
            job = console.deps.jobs.find(said.get("job", ""), about)
            if job is not None and job.by == signed_in.viewer.name:
                console.deps.jobs.stop_job(job)
                console.hub.changed()
                return RedirectResponse(path_of(job), 303)
        return refusal_page(console, signed_in, PageRefused.not_found())

    return router
