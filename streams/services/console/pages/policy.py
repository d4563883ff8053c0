"""`/policy`: the contact policy in force, a draft with its mistakes, what it changes, a backtest of it, and publishing.

The policy is the file that HARMONIA_POLICY names, read and judged by the same functions as `harmonia policy`; a
backtest is `harmonia backtest`, in a child process. Nothing of a draft is kept before it is published.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from msgspec import Struct

from streams.domain.messages import CodedMessage, message
from streams.domain.pressure import FileMistakes, Policy, default_policy_text, read_policy
from streams.domain.pressure.policy_files import policy_text
from streams.platform.published_policies import PublishedPolicy, mark_of, published
from streams.platform.settings import Settings
from streams.services.console.gate import Console, draft_page, file_text, frame, posted
from streams.services.console.jobs import Job, TooManyJobs
from streams.services.console.mistakes import shown_mistakes
from streams.services.console.page import Block, Loaded, Page, PageRefused, PageRequest
from streams.services.console.pages import runs
from streams.services.console.pages.runs import BUSY, STDIN, own_run, path_of, read_answer, refusal_page, waited_s
from streams.services.console.rendering import render
from streams.services.console.rights import EVERYTHING
from streams.services.console.signin import SignedIn

ABOUT = "backtest"
MOST_PUBLISHED = 50


class Cell(Struct, frozen=True):
    """Touches of a backtest that one policy decides so, told apart by something."""

    policy: str
    by: str
    value: str
    decision: str | None
    touches: int


class Versions(Struct, frozen=True):
    """The versions of the policy that was tried, and of the one in force then."""

    new: str
    old: str


class Backtested(Struct, frozen=True):
    """What is shown of the answer of `harmonia backtest --json`: touches, and nothing of people."""

    policies: Versions
    sends: int
    linked: bool
    cells: Sequence[Cell]


class Decided(Struct, frozen=True):
    """How many touches both policies decide so, and why; `why` None: all of that decision."""

    decision: str
    why: CodedMessage | None
    new: int
    old: int


_read_backtest = msgspec.json.Decoder(Backtested).decode


def text_in_force(settings: Settings) -> str:
    """The text of the file; of none the default's. Raises PageRefused where it cannot be read."""
    path = settings.policy
    if path is None:
        return default_policy_text(settings.regime)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise PageRefused(
            503,
            "Not available now",
            "The console cannot read the file of the policy. Whoever operates Harmonia can mend that.",
        ) from None


def history_of(path: Path | None) -> list[PublishedPolicy]:
    """What was published, the latest first; nothing where that cannot be read."""
    try:
        return [] if path is None else published(path)
    except OSError:
        return []


async def load_in_force(asked: PageRequest) -> Loaded:
    """The policy that this console holds, with all that holds by default."""
    policy = asked.deps.judge.policy
    data = {"version": policy.version, "text": policy_text(policy), "has_file": asked.deps.settings.policy is not None}
    return Loaded(data, None)


async def load_history(asked: PageRequest) -> Loaded:
    """Who published what when. A text that was in force before may be published again."""
    settings = asked.deps.settings
    rows = history_of(settings.policy)[:MOST_PUBLISHED]
    mark = "" if settings.policy is None else mark_of(text_in_force(settings))
    data = {"rows": rows, "mark": mark, "mark_of": mark_of}
    return Loaded({**data, "by_clock": asked.by_clock}, None)


async def load_draft(asked: PageRequest) -> Loaded:
    """The form with the text of the file, to be changed."""
    text = text_in_force(asked.deps.settings)
    return Loaded({"text": text, "based_on": mark_of(text), "mistakes": ()}, None)


async def enter_again(asked: PageRequest) -> PublishedPolicy:
    """The publication of the page. Raises PageRefused where there is none."""
    found = next((row for row in history_of(asked.deps.settings.policy) if row.name == asked.params["name"]), None)
    if found is None:
        raise PageRefused.not_found()
    return found


async def load_again(asked: PageRequest) -> Loaded:
    """What publishing an earlier text again would change."""
    row: PublishedPolicy = asked.subject
    text = text_in_force(asked.deps.settings)
    data = {"row": row, "diff": diff_lines(text, row.text), "based_on": mark_of(text), "by_clock": asked.by_clock}
    return Loaded(data, None)


def diff_lines(before: str, after: str) -> list[tuple[str, str]]:
    """The lines that differ, each with its kind: `-`, `+`, a blank for those around them, `@` for a gap."""
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return [(line[0], line if line[0] == "@" else line[1:]) for line in lines if line[:3] not in ("---", "+++")]


def meaning_lines(before: Policy, after: Policy) -> list[tuple[str, str]]:
    """The same of what the policies mean, with what holds by default: comments and order change nothing there."""
    return diff_lines(policy_text(before), policy_text(after))


async def enter_backtest(asked: PageRequest) -> Job:
    """The backtest of the page. Raises PageRefused where this console has none, or it is somebody else's."""
    return own_run(
        asked,
        ABOUT,
        "This console knows of no such backtest of yours: it has ended more than an hour ago, or the console was "
        "started anew.",
    )


async def load_backtest(asked: PageRequest) -> Loaded:
    """How far a backtest is, or what the draft would have said to the past beside the policy in force."""
    job: Job = asked.subject
    found = read_answer(job, _read_backtest)
    data = {
        "job": job,
        "waited_s": waited_s(job, asked),
        "found": found,
        "decisions": [] if found is None else [*decided(found)],
        "reasons": [] if found is None else [*reasons(found)],
        "has_lake": asked.deps.settings.lake is not None,
    }
    return Loaded(data, asked.wall_ms)


def decided(found: Backtested) -> Iterator[Decided]:
    """How many touches each policy allows, defers and denies."""
    for decision in ("allow", "defer", "deny"):
        touches = {cell.policy: cell.touches for cell in found.cells if cell.by == "all" and cell.decision == decision}
        yield Decided(decision, None, touches.get("new", 0), touches.get("old", 0))


def reasons(found: Backtested) -> Iterator[Decided]:
    """The same by reason, the commonest first."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for cell in found.cells:
        if cell.by == "reason" and cell.decision is not None:
            counts.setdefault((cell.value, cell.decision), {})[cell.policy] = cell.touches
    for (reason, decision), count in sorted(counts.items(), key=lambda each: (-max(each[1].values()), each[0])):
        yield Decided(decision, message(f"why.{reason}"), count.get("new", 0), count.get("old", 0))


def routes(console: Console) -> APIRouter:
    """The routes that check a draft and try it on the past; neither changes anything."""
    router = APIRouter()

    @router.post("/policy/check")
    async def check(request: Request) -> Response:
        signed_in, said = await posted(console, request, "see_policy")
        try:
            return _checked(console, signed_in, said)
        except PageRefused as why:
            return refusal_page(console, signed_in, why)

    @router.post("/policy/backtest")
    async def backtest(request: Request) -> Response:
        signed_in, said = await posted(console, request, "see_policy")
        try:
            if signed_in.viewer.scope != EVERYTHING:
                raise PageRefused.not_found()
            text = file_text(said)
            if isinstance(read_policy(text), FileMistakes):
                return _checked(console, signed_in, said)
            given = {"text": text, "based_on": said.get("based_on", "")}
            words = ("backtest", f"--policy={STDIN}", "--json", "--processes=1")
            job = console.deps.jobs.begin(signed_in.viewer.name, ABOUT, words, text.encode(), given)
        except TooManyJobs:
            return refusal_page(console, signed_in, BUSY)
        except PageRefused as why:
            return refusal_page(console, signed_in, why)
        return RedirectResponse(path_of(job), 303)

    return router


def _checked(console: Console, signed_in: SignedIn, said: Mapping[str, str]) -> Response:
    """The draft again: with its mistakes, or with what it changes and the forms that try and publish it."""
    asked = console.page_request(signed_in, {})
    text, now = file_text(said), text_in_force(console.deps.settings)
    found = read_policy(text)
    mistakes = found.found if isinstance(found, FileMistakes) else ()
    meant = [] if isinstance(found, FileMistakes) else meaning_lines(console.deps.judge.policy, found)
    shown = {
        "page": POLICY,
        "text": text,
        "based_on": said.get("based_on", ""),
        "is_overtaken": said.get("based_on", "") != mark_of(now),
        "mistakes": shown_mistakes(mistakes),
        "meant": meant,
        "lines": [] if mistakes else diff_lines(now, text),
        "has_file": console.deps.settings.policy is not None,
        "has_lake": console.deps.settings.lake is not None,
        "is_whole": signed_in.viewer.scope == EVERYTHING,
    }
    context = {**frame(console, signed_in), **shown}
    return draft_page(signed_in, render("policy_checked.html", asked, context), has_mistakes=bool(mistakes))


POLICY = Page(
    path="/policy",
    name="policy",
    title="Policy",
    menu="Rules",
    act="see_policy",
    blocks=(
        Block("in_force", 0, load_in_force, "policy_in_force.html", "In force"),
        Block("history", 0, load_history, "policy_history.html", "Who published what"),
    ),
    template="letters.html",
)
DRAFT = Page(
    path="/policy/draft",
    name="policy_draft",
    title="Draft of a policy",
    act="see_policy",
    blocks=(Block("draft", 0, load_draft, "policy_form.html"),),
    template="policy_one.html",
)
AGAIN = Page(
    path="/policy/published/{name}",
    name="policy_again",
    title="An earlier policy",
    act="see_policy",
    blocks=(Block("again", 0, load_again, "policy_again.html"),),
    params={"name": r"[0-9]{15}-[0-9a-f]{1,32}"},
    enter=enter_again,
    template="policy_one.html",
)
BACKTEST = Page(
    path="/policy/backtests/{job}",
    name="policy_backtest",
    title="Backtest",
    act="see_policy",
    blocks=(Block("backtest", runs.EVERY_S, load_backtest, "policy_backtest.html"),),
    params={"job": r"[0-9a-f]{16}"},
    enter=enter_backtest,
    template="policy_one.html",
)
PAGES = (POLICY, DRAFT, AGAIN, BACKTEST)
