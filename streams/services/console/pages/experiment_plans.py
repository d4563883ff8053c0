"""`/plans`: what is defined, a plan with its mistakes and the people it needs, and runs that define or end.

Definitions are read and written by `harmonia experiments` alone, in a child process (`jobs.py`).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import Struct

from events.experiments import ExperimentDefinition
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.experiments.definition_records import definition_version, planned_shares
from streams.domain.file_mistakes import FileMistake, FileMistakes
from streams.domain.inference.power import PeopleNeeded, people_needed
from streams.services.console.gate import Console, draft_page, file_text, frame, posted
from streams.services.console.jobs import Job, Jobs, TooManyJobs
from streams.services.console.mistakes import shown_mistakes
from streams.services.console.page import Block, Loaded, Page, PageRequest, require_everything
from streams.services.console.pages import runs
from streams.services.console.pages.runs import own_run, read_answer, waited_s
from streams.services.console.rendering import render
from streams.services.console.rights import EVERYTHING
from streams.services.console.signin import SignedIn

ABOUT = "experiments"
DEFINED = "definitions"
FRESH_MS = 30_000
KNOWN_MS = 300_000
"""For how long a reading tells what is defined while there is none since: others may have changed it elsewhere."""
MOST_PEOPLE, MOST_DAYS = 10**10, 10**6
"""What takes more people than there are, or more days than anybody waits, is not told."""
EXAMPLE = """[[experiment]]
id = "gotv-ask"
hypothesis = "A shorter ask raises more"
variants = { control = 1, short = 1 }
metrics = ["donated"]
window = "7d"
"""


class Need(Struct, frozen=True):
    """What a variant takes to be told from the baseline: people in these two, in the whole experiment, and days."""

    variant: str
    pair: PeopleNeeded
    people: int
    days: float | None


class Changed(Struct, frozen=True):
    """What a run did to a definition, as `harmonia experiments define --json` has it."""

    id: str
    outcome: str
    fields: Sequence[str]
    recounts: bool


_read_changed = msgspec.json.Decoder(list[Changed]).decode


def _read_definitions(answer: bytes) -> list[ExperimentDefinition]:
    said = msgspec.json.decode(answer, type=list[msgspec.Raw])
    return [ExperimentDefinition.model_validate_json(bytes(each)) for each in said]


def latest_definitions(asked: PageRequest) -> tuple[Job | None, list[ExperimentDefinition] | None]:
    """What is defined, and the job that has read it; the last reading stays while the next one runs.

    It is read anew after half a minute, and once somebody here has defined or ended one. None: not known yet, or no
    more after five minutes, and the job that reads it.
    """
    jobs = asked.deps.jobs
    job = jobs.latest(DEFINED, FRESH_MS)
    if job is None or _is_overtaken(job, jobs):
        try:
            job = jobs.read(asked.viewer.name, DEFINED, ("experiments", "definitions", "--json"))
        except TooManyJobs:
            job = None
    read = jobs.latest_answered(DEFINED, KNOWN_MS)
    if read is None or _is_overtaken(read, jobs) or (job is not None and job.state == "failed"):
        return job, None
    return read, read_answer(read, _read_definitions)


def _is_overtaken(reading: Job, jobs: Jobs) -> bool:
    """Whether something was defined or ended here after a reading had begun."""
    return reading.began_ms is not None and jobs.has_ended_since(ABOUT, reading.began_ms)


async def load_defined(asked: PageRequest) -> Loaded:
    """What is defined now, and the forms that end one."""
    require_everything(asked)
    job, found = latest_definitions(asked)
    now = asked.wall_ms
    rows = [(each, planned_shares(each), _has_ended(each, now)) for each in found or ()]
    data = {"job": job, "is_known": found is not None, "rows": rows, "waited_s": waited_s(job, asked)}
    return Loaded(data, now if job is None or found is None else job.ended_ms)


def _has_ended(definition: ExperimentDefinition, now_ms: int) -> bool:
    end = definition.ms("end")
    return end is not None and end <= now_ms


async def load_form(_: PageRequest) -> Loaded:
    """The form of a plan."""
    return Loaded({"text": EXAMPLE, "given": {}, "mistakes": ()}, None)


async def enter_run(asked: PageRequest) -> Job:
    """The run of the page. Raises PageRefused where this console has none, or it is somebody else's."""
    return own_run(
        asked,
        ABOUT,
        "This console knows of no such run of yours: it has ended more than an hour ago, or the console was "
        "started anew. Look at what is defined.",
    )


async def load_run(asked: PageRequest) -> Loaded:
    """What became of defining or ending."""
    job: Job = asked.subject
    changed = read_answer(job, _read_changed)
    is_overtaken = job.said.startswith("overtaken:")
    return Loaded(
        {"job": job, "changed": changed, "is_overtaken": is_overtaken, "waited_s": waited_s(job, asked)}, asked.wall_ms
    )


def needs_of(definition: ExperimentDefinition, usual: float, difference: float, a_day: float | None) -> Iterator[Need]:
    """What each variant but the baseline takes.

    Nothing where shares differ by stratum, a rate leaves 0 to 1, or a difference is too small to be found by anybody.
    """
    shares = planned_shares(definition)
    changed = usual + difference
    if shares is None or not 0 < usual < 1 or not 0 < changed < 1:
        return
    base = shares.get(definition.baseline, 0)
    for variant, share in shares.items():
        if variant != definition.baseline and share > 0 and base > 0:
            try:
                pair = people_needed(usual, changed, base / (base + share))
                people = round(pair.looked_at_any_time / (base + share))
                days = None if a_day is None else people / a_day
            except ArithmeticError:
                continue
            if people <= MOST_PEOPLE:
                yield Need(variant, pair, people, days if days is not None and days <= MOST_DAYS else None)


def number_of(text: str, per: float = 1) -> float | None:
    """A number as people write it, with a point or a comma; None: it is none."""
    try:
        found = float(text.strip().replace(",", ".")) / per
    except ValueError:
        return None
    return found if isfinite(found) else None


def routes(console: Console) -> APIRouter:
    """The route that checks a plan, which changes nothing."""
    router = APIRouter()

    @router.post("/experiments/check")
    async def check(request: Request) -> Response:
        signed_in, said = await posted(console, request, "see_experiments")
        return _checked(console, signed_in, said)

    return router


def by_plan(mistakes: Sequence[FileMistake], text: str) -> list[FileMistake]:
    """Mistakes whose keys name the plan by its id in place of a place that is counted from 0; without an id from 1."""
    if not any(map(_is_of_plan, (each.key for each in mistakes))):
        return [*mistakes]
    ids = [table.get("id") for table in tomllib.loads(text)["experiment"]]
    return [each._replace(key=_plan_key(each.key, ids)) for each in mistakes]


def _plan_key(key: str, ids: Sequence[object]) -> str:
    found = _is_of_plan(key)
    if found is None:
        return key
    number, rest = int(found[1]), found[2]
    id_ = ids[number]
    plan = id_ if isinstance(id_, str) and id_ and ids.count(id_) == 1 else f"experiment {number + 1}"
    return f"{plan}: {rest}" if rest else plan


_is_of_plan = re.compile(r"experiment\[(\d+)\](?:\.(.+))?", re.DOTALL).fullmatch


def _checked(console: Console, signed_in: SignedIn, said: Mapping[str, str]) -> Response:
    asked = console.page_request(signed_in, {})
    text = file_text(said)
    found = read_definitions(text)
    mistakes = found.found if isinstance(found, FileMistakes) else ()
    definitions = [] if isinstance(found, FileMistakes) else found
    usual, difference = number_of(said.get("usual", ""), 100), number_of(said.get("difference", ""), 100)
    a_day = number_of(said.get("a_day", ""))
    a_day = a_day if a_day is not None and a_day > 0 else None
    _, there = latest_definitions(asked)
    before = {each.id: each for each in there or ()}
    knows_rates = usual is not None and difference is not None
    needs = {
        each.id: [*needs_of(each, usual, difference, a_day)] if usual is not None and difference is not None else []
        for each in definitions
    }
    shown = {
        "page": PLANS,
        "text": text,
        "given": {name: said.get(name, "") for name in ("usual", "difference", "a_day")},
        "mistakes": shown_mistakes(by_plan(mistakes, text)),
        "definitions": definitions,
        "needs": needs,
        "knows_rates": knows_rates,
        "is_known": there is not None,
        "over": {each.id: definition_version(before.get(each.id)) for each in definitions},
        "is_whole": signed_in.viewer.scope == EVERYTHING,
    }
    context = {**frame(console, signed_in), **shown}
    return draft_page(signed_in, render("experiment_checked.html", asked, context), has_mistakes=bool(mistakes))


PLANS = Page(
    path="/plans",
    name="experiment_plans",
    title="Plans of experiments",
    act="see_experiments",
    blocks=(
        Block("form", 0, load_form, "experiment_plan_form.html", "A plan"),
        Block("defined", 2, load_defined, "experiment_defined.html", "What is defined", 60),
    ),
    under="/experiments",
    template="plan_one.html",
)
RUN = Page(
    path="/plans/runs/{job}",
    name="experiment_run",
    title="Run",
    act="see_experiments",
    blocks=(Block("run", runs.EVERY_S, load_run, "experiment_run.html"),),
    params={"job": r"[0-9a-f]{16}"},
    enter=enter_run,
    under="/experiments",
    template="plan_one.html",
)
PAGES = (PLANS, RUN)
