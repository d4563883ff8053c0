"""`/send`: a list is uploaded; who of it may be reached now, later or never, and why; reserve them and download."""

import asyncio
from typing import cast, get_args

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from msgspec import Struct

from events.channels import Channel, Purpose
from events.times import parse_time
from sinks.reservations import Reservations
from streams.domain.messages import message
from streams.domain.messages.mistakes import list_message, remark_message
from streams.services.console.gate import Console, posted, require, signed_in_of
from streams.services.console.list_marks import ListMark, forget_mark, mark_of
from streams.services.console.page import Block, Elsewhere, Loaded, Page, PageRefused, PageRequest
from streams.services.console.pages.segments import SEGMENT_ID
from streams.services.console.rights import may
from streams.services.console.sendings import Sending

DECISIONS = ("allow", "defer", "deny")


class Bar(Struct, frozen=True):
    """A line of a table: what it is of, and how many people. `at_ms`: the hour, where it is of one."""

    label: str
    rows: int
    at_ms: int = 0
    decision: str = ""


def bars_of(one: Sending, asked: PageRequest) -> list[Bar]:
    """People by decision and reason: who may be reached now, then later, then never, most first."""
    found = sorted(one.reasons.items(), key=lambda each: (DECISIONS.index(each[0][0]), -each[1], each[0][1]))
    return [Bar(_why(reason, asked), rows, 0, decision) for (decision, reason), rows in found]


def _why(reason: str, asked: PageRequest) -> str:
    return asked.words.sentence(message(f"why.{reason}"))


def remarks_of(one: Sending, asked: PageRequest) -> list[tuple[str, bool]]:
    """Remarks on names, each in the reader's language where its sentence is known there, and whether it is."""
    found = []
    for remark in one.remarks:
        _, _, text = remark.partition(": ")  # without the option of the command
        known = remark_message(text)
        found.append((text if known is None else asked.words.sentence(known), known is not None))
    return found


async def load(asked: PageRequest) -> Loaded:
    """The reader's list, how far it is judged, and what came of it."""
    one = asked.deps.sendings.of(asked.viewer.name)
    gone = await mark_of(asked.deps.redis, asked.viewer.name) if one is None else None
    wall_ms = asked.deps.wall()
    held = await _held(asked, one or gone)
    until_ms = None if one is None else one.reserved_until_ms
    reserving = one is not None and one.state == "judging" and one.question.reserve_s > 0
    hours = [] if one is None else [Bar("", rows, parse_time(f"{hour}:00:00Z") or 0) for hour, rows in one.hours]
    shown = {
        "sending": one,
        "reserved": await asyncio.to_thread(one.written) if one is not None and reserving else None,
        "remarks": [] if one is None else remarks_of(one, asked),
        "trouble": None if one is None else list_message(one.why),
        "gone": gone,
        "held": held,
        "bars": [] if one is None else bars_of(one, asked),
        "totals": {} if one is None else totals_of(one),
        "hours": hours,
        "until_ms": until_ms,
        "is_over": until_ms is not None and until_ms <= wall_ms,
        "reserves": one is not None and one.may_be_reserved(wall_ms),
        "most": max([bar.rows for bar in hours], default=1),
        "channels": get_args(Channel),
        "purposes": get_args(Purpose),
        "try_list": asked.deps.try_list,
        "teams": sorted(cast("frozenset[str]", asked.viewer.scope.teams or frozenset())),
    }
    return Loaded(shown, None)


async def _held(asked: PageRequest, one: Sending | ListMark | None) -> int:
    """How many are reserved of a list, of which it takes note."""
    if one is None or not one.list_id:
        return 0
    found = await Reservations(asked.deps.redis).count_list(one.list_id)
    if isinstance(one, Sending):
        one.note_reserved(found, asked.deps.wall())
    return found


async def enter_reserve(asked: PageRequest) -> Sending:
    """The reader's list, of which people may be reserved. Raises what is shown in its place."""
    if not may(asked.viewer, "reserve"):
        text = "None of your roles may do this. Whoever keeps the file of people can change that."
        raise PageRefused(403, "Not for your roles", text)
    one = asked.deps.sendings.of(asked.viewer.name)
    await _held(asked, one)
    if one is None or not one.may_be_reserved(asked.wall_ms):
        raise Elsewhere("/send")
    return one


async def load_reserve(asked: PageRequest) -> Loaded:
    """What reserving does, and the form that does it: a stray click on Reserve keeps nobody away from anyone."""
    return Loaded({"sending": asked.subject}, None)


def totals_of(one: Sending) -> dict[str, int]:
    """People by decision."""
    return {each: sum(rows for (said, _), rows in one.reasons.items() if said == each) for each in DECISIONS}


def routes(console: Console) -> APIRouter:
    """Cancelling, forgetting and downloading the list of whoever asks."""
    router = APIRouter()

    @router.post("/send/cancel")
    async def cancel(request: Request) -> Response:
        signed_in, said = await posted(console, request, "judge")
        sendings = console.deps.sendings
        if said.get("forget"):
            await forget_mark(console.deps.redis, signed_in.viewer.name)
            await sendings.drop(signed_in.viewer.name)
        else:
            await sendings.cancel(signed_in.viewer.name)
        return RedirectResponse("/send", 303)

    @router.get("/send/download")
    async def download(request: Request) -> Response:
        signed_in = await signed_in_of(console, request)
        require(signed_in, "judge")
        one = console.deps.sendings.of(signed_in.viewer.name)
        if one is None or one.state != "judged":
            return RedirectResponse("/send", 303)
        headers = {"Content-Disposition": 'attachment; filename="allowed.csv"'}
        return StreamingResponse(one.pieces(), media_type="text/csv; charset=utf-8", headers=headers)

    return router


PAGES = (
    Page(
        path="/send",
        name="send",
        title="Send",
        menu="People",
        act="see_send",
        blocks=(Block("sending", 0, load, "send_list.html"),),
        params={"segment": SEGMENT_ID},
        template="send.html",
    ),
    Page(
        path="/send/reserve",
        name="send_reserve",
        title="Reserve these people?",
        act="see_send",
        blocks=(Block("confirm", 0, load_reserve, "reserve_confirm.html", "What reserving does"),),
        enter=enter_reserve,
        template="send.html",
    ),
)
