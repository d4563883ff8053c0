"""`/rights`: requests of people over their data with the days that are left, and `/rights/{request}`, one of them.

The list names nobody. The page of one request does, so each time it is opened it is written down as a look at them.
"""

import asyncio
import hashlib
from collections.abc import Collection
from datetime import date
from typing import cast

from kafka.errors import KafkaError
from msgspec import Struct

from events.fields import CONTACT_ID_PATTERN
from events.rights_requests import EXTENSION_REASONS, RIGHTS_KINDS, RIGHTS_OUTCOMES
from sinks.lookup import Incomplete, KnownContact
from streams.domain.messages import CodedMessage, Day
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.platform.errors import MissingTopic
from streams.services.console.page import (
    Block,
    Loaded,
    Page,
    PageRefused,
    PageRequest,
    Withheld,
    require_everything,
)
from streams.services.console.pages.person_looks import outcome_of, short_name
from streams.services.console.rights import EVERYTHING
from streams.services.contact_decisions.effects import ids_of
from streams.services.permission.decision_messages import incomplete_message
from streams.services.rights_desk.log import today

EVERY_S, STALE_S = 15, 60
CLOSED_SHOWN = 100
REQUEST_PATTERN = r"[0-9a-f]{20}"
WHY = "rights"
"""The reason of a look at whom a request is about: they ask what is held of them."""


class RequestRow(Struct, frozen=True):
    """A request as it is shown. `days`: that are left, negative once it is overdue."""

    request: RightsRequest
    received: Day
    due: Day
    days: int
    is_in_time: bool
    answered: Day | None = None
    closed: Day | None = None


class AskedPerson(Struct, frozen=True):
    """Who goes by the id of a request by now, since they may have been linked with somebody since, or parted.

    `contact_id`: theirs; None: nobody does, or Redis lacks something, and `lacking` says what. `others`: what else they
    go by, of hashes the beginning. `mark`: of all these ids, so that a form holds good for them alone.
    """

    contact_id: str | None = None
    others: tuple[str, ...] = ()
    mark: str = ""
    lacking: CodedMessage | None = None


class RequestSubject(Struct, frozen=True):
    """The request of a page, and of whom it is."""

    request: RightsRequest
    person: AskedPerson


def ids_by_now(request: RightsRequest, person: KnownContact) -> list[str]:
    """The ids of the person of a request: theirs, what was merged into it, and the one by which they asked."""
    named = [] if request.contact_id is None else [request.contact_id]
    return list(dict.fromkeys([*ids_of(person), *named]))


def mark_of(ids: Collection[str]) -> str:
    """What tells a set of ids from another one, in whatever order they come. No id can be read from it."""
    return hashlib.sha256("\n".join(sorted(set(ids))).encode()).hexdigest()


async def desk_now(asked: PageRequest) -> RightsDesk:
    """All requests as they stand. Raises Withheld where Kafka does not tell."""
    if asked.deps.requests is None:
        raise Withheld("This console reads no requests.")
    try:
        return await asyncio.to_thread(asked.deps.requests)
    except (KafkaError, OSError):
        raise Withheld("Kafka does not answer, so nobody can tell which requests there are.") from None
    except MissingTopic:
        raise Withheld("There is no topic of requests yet: whoever operates Harmonia makes it.") from None


async def load_requests(asked: PageRequest) -> Loaded:
    """Requests that are open, the one that is due first at the top, and the latest that are closed."""
    require_everything(asked)
    desk = await desk_now(asked)
    open_ones = [one for one in desk.requests.values() if one.closed is None]
    closed = sorted(((one.closed, one) for one in desk.requests.values() if one.closed is not None), key=_latest_first)
    rows = [row_of(one, asked) for one in (*open_ones, *(one for _, one in closed[:CLOSED_SHOWN]))]
    late = sum(row.days < 0 for row in rows if row.closed is None)
    earlier = len(closed) - min(len(closed), CLOSED_SHOWN)
    return Loaded({"rows": rows, "late": late, "earlier": earlier, "counted": len(desk.counts)}, asked.wall_ms)


def _latest_first(closed: tuple[date, RightsRequest]) -> tuple[int, str]:
    return -closed[0].toordinal(), closed[1].id


def row_of(request: RightsRequest, asked: PageRequest) -> RequestRow:
    """How a request is shown today."""
    day = today(asked.deps.settings, asked.wall_ms)
    return RequestRow(
        request,
        Day(str(request.received)),
        Day(str(request.due)),
        request.days_left(day),
        request.is_in_time(day),
        None if request.answered is None else Day(str(request.answered)),
        None if request.closed is None else Day(str(request.closed)),
    )


async def load_form(asked: PageRequest) -> Loaded:
    """The form by which a request is written down; of a person, where one was on their page."""
    require_everything(asked)
    day = today(asked.deps.settings, asked.wall_ms)
    return Loaded({"kinds": RIGHTS_KINDS, "contact": asked.params.get("contact", ""), "today": str(day)}, None)


async def enter_request(asked: PageRequest) -> RequestSubject:
    """Find the request of the page and its person, and write down that they are looked at. Raises PageRefused."""
    if asked.viewer.scope != EVERYTHING:
        raise PageRefused.not_found()
    try:
        found = (await desk_now(asked)).requests.get(asked.params["request"])
    except Withheld as why:
        raise PageRefused(503, "Not available now", str(why.why)) from None
    if found is None:
        raise PageRefused(404, "No such request", "There is none of this id, or its person was forgotten with it.")
    return RequestSubject(found, AskedPerson() if found.contact_id is None else await _person(asked, found))


async def _person(asked: PageRequest, request: RightsRequest) -> AskedPerson:
    """Who goes by the id of a request by now; the look at them is in `audit-log` under each id that is shown."""
    named = str(request.contact_id)
    seen = await asked.deps.lookup.look([[named]])
    if isinstance(seen, Incomplete):
        await asked.deps.views.person(asked.viewer, WHY, named, "incomplete")
        return AskedPerson(lacking=incomplete_message(seen))
    [found] = seen.contacts
    if not isinstance(found, KnownContact):
        await asked.deps.views.person(asked.viewer, WHY, named, outcome_of(found, asked.viewer))
        return AskedPerson()
    contact_id, *others = ids = ids_by_now(request, found)
    await asked.deps.views.people(asked.viewer, WHY, ids)
    return AskedPerson(contact_id, tuple(map(short_name, others)), mark_of(ids))


async def load_request(asked: PageRequest) -> Loaded:
    """One request, and what may be done about it."""
    subject = cast(RequestSubject, asked.subject)
    found = subject.request
    day = today(asked.deps.settings, asked.wall_ms)
    shown = {
        "row": row_of(found, asked),
        "person": subject.person,
        "reasons": EXTENSION_REASONS if found.extended is None and day <= found.first_due else (),
        "outcomes": RIGHTS_OUTCOMES,
    }
    return Loaded(shown, asked.wall_ms)


REQUESTS = Page(
    path="/rights",
    name="rights",
    title="Requests",
    menu="Rules",
    act="see_requests",
    blocks=(
        Block("requests", EVERY_S, load_requests, "requests_list.html", "What people ask for", STALE_S),
        Block("form", 0, load_form, "request_form.html", "Write down a request"),
    ),
    params={"contact": CONTACT_ID_PATTERN},
)
REQUEST = Page(
    path="/rights/{request}",
    name="rights_request",
    title="One request",
    act="see_requests",
    blocks=(Block("request", 0, load_request, "request_one.html", "What was asked, and until when"),),
    params={"request": REQUEST_PATTERN},
    enter=enter_request,
    under="/rights",
    template="request.html",
)
PAGES = (REQUESTS, REQUEST)
