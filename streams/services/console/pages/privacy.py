"""`/privacy`: stops that were ignored, who was forgotten, who looked at whom, and which lists of people were taken.

`/privacy/viewers/{viewer}` and `/privacy/people/{contact_id}` name whom a look was at, so each person on them is
written down as looked at, and a reason has to be given first.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from events.fields import CONTACT_ID_PATTERN
from events.topics import AUDIT_LOG, CONTACT_SUPPRESSIONS
from streams.operations.doctor.lake import OVERDUE_MS
from streams.services.console import desk_notices
from streams.services.console.desk_cells import Span
from streams.services.console.desk_notices import View
from streams.services.console.desk_reading import freshness
from streams.services.console.desk_retention import VIEWS_KEPT_MS
from streams.services.console.desk_schema import CELLS_KEPT_MS, DAY_MS, SECOND_MS
from streams.services.console.gate import Console, posted
from streams.services.console.page import Block, Elsewhere, Loaded, Page, PageRefused, PageRequest, require_everything
from streams.services.console.pages.campaigns import AHEAD_MS
from streams.services.console.pages.person_alerts import alert_rows, in_words, names_only_own
from streams.services.console.pages.person_looks import REASONS
from streams.services.console.rights import EVERYTHING
from streams.services.console.standing import standing_of

EVERY_S, STALE_S = 10, 30
IGNORED = "touch_after_stop"
"""The rule of the alerts that are about a stop that was ignored; docs/alerts.md says what counts."""
LATELY_MS = 30 * DAY_MS
MOST_LOOKS = 200


def kept(asked: PageRequest) -> Span:
    """The time of which looks are kept. They are dated by the wall's clock, whatever the pages' is."""
    return Span(asked.wall_ms - VIEWS_KEPT_MS, asked.wall_ms + AHEAD_MS)


async def load_stops(asked: PageRequest) -> Loaded:
    """Whoever was reached although their channel was closed, by what the alerts say of it."""
    span = Span(asked.now_ms - CELLS_KEPT_MS, asked.now_ms + AHEAD_MS)
    counts = await asked.ask(desk_notices.alerts_by_detail, IGNORED, span, asked.viewer.scope)
    rows = [row for row in alert_rows(counts, IGNORED) if names_only_own(row, asked.viewer.scope)]
    fresh = await standing_of(asked)
    data = {"rows": in_words(rows, asked.words), "count": sum(row.count for row in rows), "rule": IGNORED}
    return Loaded(data, fresh.as_of_ms, fresh.stopped_at_ms)


async def load_erasures(asked: PageRequest) -> Loaded:
    """Who was forgotten, and where something of theirs still waits to go."""
    require_everything(asked)
    found = await asked.ask(desk_notices.erasures, asked.now_ms - LATELY_MS)
    lake = asked.deps.lake
    waiting = None if lake is None else lake.last()
    oldest = None if waiting is None else waiting.oldest_ms
    data = {
        "found": found,
        "has_lake": lake is not None,
        "waiting": waiting,
        "oldest": asked.by_clock(oldest),
        "is_overdue": oldest is not None and asked.wall_ms - oldest > OVERDUE_MS,
    }
    return await _as_of(asked, CONTACT_SUPPRESSIONS, data)


async def load_viewers(asked: PageRequest) -> Loaded:
    """How often each person who is signed in, or team, has looked at people."""
    require_everything(asked)
    rows = await asked.ask(desk_notices.viewings, kept(asked))
    return await _as_of(asked, AUDIT_LOG, {"rows": rows, "by_clock": asked.by_clock})


async def load_exports(asked: PageRequest) -> Loaded:
    """Which lists of people were taken."""
    require_everything(asked)
    rows = await asked.ask(desk_notices.exports, kept(asked))
    return await _as_of(asked, AUDIT_LOG, {"rows": rows, "by_clock": asked.by_clock})


async def _as_of(asked: PageRequest, topic: str, data: Mapping[str, object]) -> Loaded:
    """These figures of a topic, as far as the desk has read it: no worker has a part in it."""
    known = (await asked.ask(freshness, asked.wall_ms // SECOND_MS * SECOND_MS))[topic]
    return Loaded(data, known.as_of_ms, known.stopped_at_ms)


async def enter_viewer(asked: PageRequest) -> str:
    """The name of the page. Raises PageRefused for who sees a part."""
    if asked.viewer.scope != EVERYTHING:
        raise PageRefused.not_found()
    return asked.params["viewer"]


async def load_viewer(asked: PageRequest) -> Loaded:
    """At whom somebody looked, once a reason is given; whom this names is written down. Raises AuditUnavailable."""
    rows: Sequence[View] = ()
    if asked.reason:
        rows = await asked.ask(desk_notices.views, kept(asked), viewer=asked.params["viewer"], most=MOST_LOOKS)
        named = sorted({row.contact_id for row in rows if row.contact_id is not None})
        await asked.deps.views.people(asked.viewer, asked.reason, named)
    return Loaded({"rows": rows, "reason": asked.reason, "by_clock": asked.by_clock, "most": MOST_LOOKS}, None)


async def enter_person(asked: PageRequest) -> str:
    """The id of the page, once a reason is given. That it was looked at is written down. Raises AuditUnavailable."""
    if asked.viewer.scope != EVERYTHING:
        raise PageRefused.not_found()
    contact_id = asked.params["contact_id"]
    if not asked.reason:
        raise Elsewhere(f"/people?for={contact_id}")
    await asked.deps.views.person(asked.viewer, asked.reason, contact_id, "found")
    return contact_id


async def load_person(asked: PageRequest) -> Loaded:
    """Who looked at somebody, and why."""
    rows = await asked.ask(desk_notices.views, kept(asked), contact_id=asked.subject, most=MOST_LOOKS)
    return Loaded({"rows": rows, "by_clock": asked.by_clock, "most": MOST_LOOKS}, None)


def routes(console: Console) -> APIRouter:
    """The route of saying why one looks at whom somebody else has looked."""
    router = APIRouter()

    @router.post("/privacy/reason")
    async def reason(request: Request) -> Response:
        signed_in, said = await posted(console, request, "see_privacy")
        viewer = said.get("viewer", "")
        if said.get("reason") not in REASONS or not viewer:
            raise HTTPException(422)
        await console.sessions.change(signed_in, console.deps.wall(), {"reason": said["reason"]})
        return RedirectResponse(f"/privacy/viewers/{quote(viewer)}", 303)

    return router


PRIVACY = Page(
    path="/privacy",
    name="privacy",
    title="Privacy",
    menu="Rules",
    act="see_privacy",
    blocks=(
        Block("stops", EVERY_S, load_stops, "privacy_stops.html", "Stops that were ignored", STALE_S),
        Block("erasures", EVERY_S, load_erasures, "privacy_erasures.html", "Who was forgotten", STALE_S),
        Block("viewers", EVERY_S, load_viewers, "privacy_viewers.html", "Who looked at people", STALE_S),
        Block("exports", EVERY_S, load_exports, "privacy_exports.html", "Lists that were taken", STALE_S),
    ),
    template="privacy.html",
)
OF_VIEWER = Page(
    path="/privacy/viewers/{viewer:path}",
    name="privacy_viewer",
    title="Looks of one viewer",
    act="see_privacy",
    blocks=(Block("looks", 0, load_viewer, "privacy_looks.html", "At whom, and why"),),
    params={"viewer": r".{1,256}"},
    enter=enter_viewer,
    template="privacy_one.html",
)
OF_PERSON = Page(
    path="/privacy/people/{contact_id}",
    name="privacy_person",
    title="Looks at one person",
    act="see_privacy",
    blocks=(Block("looks", 0, load_person, "privacy_looks_at.html", "Who, and why"),),
    params={"contact_id": CONTACT_ID_PATTERN},
    enter=enter_person,
    template="privacy_one.html",
)
PAGES = (PRIVACY, OF_VIEWER, OF_PERSON)
