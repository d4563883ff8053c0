"""`/letters`: what was refused and why, the fields of refused records, a mapping that mends them, and sending them.

What stands on the list is the desk's. Records themselves are read by `harmonia dead-letters` alone, in a child process
(`jobs.py`): the same command that people run at a terminal. No value of a record is shown, only fields and their kinds.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from msgspec import Struct

from streams.domain.dead_letter_repair.mapping import MappingMistakes, read_mapping
from streams.domain.dead_letter_repair.selection import TOPICS
from streams.domain.display_names import HIDDEN, named
from streams.domain.quarantine.held_records import quarantine_message
from streams.operations.status.observations import KafkaObservation
from streams.services.console import desk_notices
from streams.services.console.desk_cells import Span
from streams.services.console.desk_notices import LetterCause
from streams.services.console.desk_reading import freshness
from streams.services.console.desk_schema import CELLS_KEPT_MS, SECOND_MS
from streams.services.console.gate import Console, draft_page, file_text, frame, posted
from streams.services.console.jobs import Job, TooManyJobs
from streams.services.console.mistakes import shown_detail, shown_lines
from streams.services.console.page import Block, Loaded, Page, PageRefused, PageRequest, require_everything
from streams.services.console.pages import runs
from streams.services.console.pages.campaigns import AHEAD_MS
from streams.services.console.pages.runs import BUSY, STDIN, own_run, path_of, read_answer, refusal_page, waited_s
from streams.services.console.rendering import render
from streams.services.console.rights import EVERYTHING
from streams.services.console.signin import SignedIn

EVERY_S, STALE_S = 10, 30
ABOUT = "letters"
FIELDS_FRESH_MS = 600_000
LONGEST_MAPPING = 20_000
NUMBER = r"[0-9]{1,12}"
"""The number of a cause in a desk."""
REHEARSES = ("--dry-run", "--people=0")


class FieldKinds(Struct, frozen=True):
    """A field of refused records, by its path, and how many have which kind of thing in it."""

    path: str
    kinds: Mapping[str, int]


class Shapes(Struct, frozen=True):
    """The answer of `harmonia dead-letters fields --json`."""

    letters: int
    unreadable: int
    left_out: int
    fields: Sequence[FieldKinds]


class SentRecords(Struct, frozen=True):
    """How many records of a type go to a topic."""

    topic: str
    type: str | None
    count: int


class RefusedRecords(Struct, frozen=True):
    """How many records would be refused again, and why."""

    reason: str
    detail: str
    count: int


class Account(Struct, frozen=True):
    """The answer of `requeue` and `release --json`. `contacts`: how many the records name, of a rehearsal alone."""

    run: str
    matched: int
    sent: Sequence[SentRecords]
    refused: Sequence[RefusedRecords]
    left: Mapping[str, int]
    came_back: int
    stopped_by: str | None = None
    contacts: int | None = None

    @property
    def sent_count(self) -> int:
        """How many records were sent, or would be."""
        return sum(each.count for each in self.sent)


_TELLING = {"named": named, "detail_of": shown_detail}
"""By which templates tell what records say: of whom they are, and why they were refused."""
_is_number = re.compile(NUMBER).fullmatch
_read_shapes = msgspec.json.Decoder(Shapes).decode
_read_account = msgspec.json.Decoder(Account).decode


async def load_causes(asked: PageRequest) -> Loaded:
    """Refused records by cause, those with the most open ones first."""
    require_everything(asked)
    span = Span(asked.wall_ms - CELLS_KEPT_MS, asked.wall_ms + AHEAD_MS)
    rows = await asked.ask(desk_notices.letter_causes, span)
    known = (await asked.ask(freshness, asked.wall_ms // SECOND_MS * SECOND_MS))["dead-letters"]
    data = {
        "rows": rows,
        "named": named,
        "detail_of": shown_detail,
        "by_clock": asked.by_clock,
        "open": sum(row.open for row in rows),
    }
    return Loaded(data, known.as_of_ms, known.stopped_at_ms)


async def load_quarantines(asked: PageRequest) -> Loaded:
    """Sources in quarantine, and those of which held records wait, as `/status` sees them."""
    require_everything(asked)
    seen = asked.deps.observer.last()
    if seen is None or not isinstance(seen.kafka, KafkaObservation):
        return Loaded({"rows": None}, None if seen is None else seen.at)
    rows = [(each.source, quarantine_message(each), each.source != HIDDEN) for each in seen.kafka.quarantines]
    return Loaded({"rows": rows}, seen.at)


async def enter_cause(asked: PageRequest) -> LetterCause:
    """The cause of the page. Raises PageRefused where the desk knows none of this number."""
    found = await asked.ask(desk_notices.letter_cause, int(asked.params["cause"]))
    if found is None or asked.viewer.scope != EVERYTHING:
        raise PageRefused.not_found()
    return found


async def load_cause(asked: PageRequest) -> Loaded:
    """What the records have in common, and how many are open, now."""
    cause: LetterCause = await enter_cause(asked)
    return Loaded(
        {"cause": cause, "named": named, "detail_of": shown_detail, "by_clock": asked.by_clock}, asked.wall_ms
    )


async def load_fields(asked: PageRequest) -> Loaded:
    """The fields of these records; reading them begins when somebody looks, and is repeated after ten minutes."""
    cause: LetterCause = asked.subject
    choice = choice_of(cause)
    jobs, about = asked.deps.jobs, " ".join(("fields", *choice))  # numbers are of one desk, and another has others
    job = jobs.latest(about, FIELDS_FRESH_MS)
    if job is None:
        try:
            job = jobs.read(asked.viewer.name, about, ("dead-letters", "fields", "--json", *choice))
        except TooManyJobs:
            job = None
    data = {"job": job, "shapes": read_answer(job, _read_shapes), "waited_s": waited_s(job, asked)}
    return Loaded(data, asked.wall_ms if job is None or job.ended_ms is None else job.ended_ms)


def choice_of(cause: LetterCause) -> tuple[str, ...]:
    """The options by which the command chooses the records of a cause. What could not be read is no criterion."""
    topic = cause.topic if cause.topic in TOPICS or "/" in cause.topic or "." in cause.topic else ""
    said = {
        "reason": cause.reason,
        "topic": topic,
        "stage": cause.stage,
        "source": cause.source and named(cause.source),
        "type": cause.type and named(cause.type),
        "detail": cause.detail,
    }
    return tuple(f"--{name}={value}" for name, value in said.items() if value)


async def enter_source(asked: PageRequest) -> str:
    """The source of the page. Raises PageRefused for who sees a part."""
    if asked.viewer.scope != EVERYTHING:
        raise PageRefused.not_found()
    return asked.params["source"]


async def load_form(asked: PageRequest) -> Loaded:
    """The form that rehearses."""
    about = asked.subject
    of = {"cause": str(about.number)} if isinstance(about, LetterCause) else {"source": str(about)}
    return Loaded({"of": of, "mapping": "", "mistakes": (), "named": named}, None)


async def enter_job(asked: PageRequest) -> Job:
    """The run of the page. Raises PageRefused where this console has none, or it is somebody else's."""
    return own_run(
        asked,
        ABOUT,
        "This console knows of no such run of yours: it has ended more than an hour ago, or the console was "
        "started anew. What was sent is noted; rehearse again to see what is left.",
    )


async def load_job(asked: PageRequest) -> Loaded:
    """How far the run is, or what became of it; of a rehearsal the form that sends."""
    job: Job = asked.subject
    data = {
        "job": job,
        "account": read_answer(job, _read_account),
        "waited_s": waited_s(job, asked),
        "is_rehearsal": job.given["what"] == "rehearsal",
        **_TELLING,
        "act": "release" if "source" in job.given else "requeue",
    }
    return Loaded(data, asked.wall_ms)


def rehearsal_of(given: Mapping[str, str], cause: LetterCause | None) -> tuple[str, ...]:
    """The words of the command that rehearses requeuing a cause, or releasing a source where that is None."""
    options = (*REHEARSES, "--json", *((f"--mapping={STDIN}",) if given.get("mapping") else ()))
    if cause is None:
        return ("dead-letters", "release", *options, "--", given["source"])
    return ("dead-letters", "requeue", *options, *choice_of(cause))


def sending_of(rehearsal: Sequence[str]) -> tuple[str, ...]:
    """The words of the command that sends what was rehearsed by these: the same records, whatever the desk has now."""
    group, verb, *words = rehearsal
    return (group, verb, "--progress", *words[len(REHEARSES) :])


def routes(console: Console) -> APIRouter:
    """The route that rehearses, which sends nothing."""
    router = APIRouter()

    @router.post("/letters/rehearse")
    async def rehearse(request: Request) -> Response:
        signed_in, said = await posted(console, request, "see_letters")
        return await _rehearsed(console, signed_in, said)

    return router


async def _rehearsed(console: Console, signed_in: SignedIn, said: Mapping[str, str]) -> Response:
    asked = console.page_request(signed_in, {})
    mapping = file_text(said, "mapping").strip()
    given = {name: said[name] for name in ("cause", "source") if said.get(name)}
    try:
        if signed_in.viewer.scope != EVERYTHING or len(given) != 1 or not _is_number(given.get("cause", "0")):
            raise PageRefused.not_found()
        cause = None
        if "cause" in given:
            cause = await asked.ask(desk_notices.letter_cause, int(given["cause"]))
            if cause is None:
                raise PageRefused.not_found()
    except PageRefused as why:
        return refusal_page(console, signed_in, why)
    found = read_mapping(mapping[:LONGEST_MAPPING])
    mistakes = found.found if isinstance(found, MappingMistakes) else ()
    if mistakes:
        shown = {"of": given, "named": named, "mapping": mapping, "mistakes": shown_lines(mistakes), "page": LETTERS}
        context = {**frame(console, signed_in), **shown}
        return draft_page(signed_in, render("letter_mistakes.html", asked, context), has_mistakes=True)
    told = "a quarantined source" if cause is None else f"cause {cause.reason} of {cause.topic}"
    given = {**given, "what": "rehearsal", "mapping": mapping, "told": told}
    words = rehearsal_of(given, cause)
    try:
        job = console.deps.jobs.begin(signed_in.viewer.name, ABOUT, words, mapping.encode(), given)
    except TooManyJobs:
        return refusal_page(console, signed_in, BUSY)
    return RedirectResponse(path_of(job), 303)


LETTERS = Page(
    path="/letters",
    name="letters",
    title="Dead letters",
    menu="Operations",
    act="see_letters",
    blocks=(
        Block("causes", EVERY_S, load_causes, "letter_causes.html", "Refused, by cause", STALE_S),
        Block("quarantines", EVERY_S, load_quarantines, "letter_quarantines.html", "Quarantined sources", 45),
    ),
    template="letters.html",
)
CAUSE = Page(
    path="/letters/causes/{cause}",
    name="letter_cause",
    title="One cause",
    act="see_letters",
    blocks=(
        Block("cause", EVERY_S, load_cause, "letter_cause.html", "What was refused"),
        Block("fields", 2, load_fields, "letter_fields.html", "Fields, and of what kind each is", 700),
        Block("form", 0, load_form, "letter_form.html", "Mend and rehearse"),
    ),
    params={"cause": NUMBER},
    enter=enter_cause,
    template="letter_one.html",
)
SOURCE = Page(
    path="/letters/sources/{source:path}",
    name="letter_source",
    title="Let a source go",
    act="see_letters",
    blocks=(Block("form", 0, load_form, "letter_form.html", "Mend and rehearse"),),
    params={"source": r".{1,256}"},
    enter=enter_source,
    template="letter_one.html",
)
RUN = Page(
    path="/letters/runs/{job}",
    name="letter_run",
    title="Run",
    act="see_letters",
    blocks=(Block("run", runs.EVERY_S, load_job, "letter_run.html"),),
    params={"job": r"[0-9a-f]{16}"},
    enter=enter_job,
    template="letter_one.html",
)
PAGES = (LETTERS, CAUSE, SOURCE, RUN)
