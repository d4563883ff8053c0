"""Judges a list that somebody uploads, reserves those of it who may be reached now, and gives all of them back."""

import re
import tempfile
from dataclasses import replace
from typing import BinaryIO, get_args

from fastapi import Response
from msgspec.structs import replace as replace_struct

from events.channels import Channel, Purpose
from events.fields import MAX_ID
from sinks.base import SinkUnavailable
from sinks.reservations import Reservations
from sinks.segment_lookup import SegmentsReader
from streams.services.console.acting.request import ActRequest, Ready
from streams.services.console.list_marks import ListMark, keep_mark, mark_of
from streams.services.console.outcomes import REDIS_AWAY, Outcome, done_as_shown, not_done
from streams.services.console.pages.segments import stored_segments
from streams.services.console.segment_lists import write_members
from streams.services.console.sendings import Question
from streams.services.console.views import Audited

SEND = "/send"
RESERVED_S = 2 * 3600
REDIS_LACKS = not_done(
    "Nothing was done",
    "Redis lacks some of the members of this segment, so no list was made. Try again in a minute.",
    SEND,
    503,
)
_is_team = re.compile(r"[^\x00-\x1f]{1,256}").fullmatch


async def judge(asked: ActRequest) -> Outcome | Ready:
    """Judge a list; without a file the one that is there already."""
    said = asked.said
    question = Question(said.get("channel", ""), said.get("purpose", ""), said.get("team", "").strip())
    if question.channel not in get_args(Channel) or question.purpose not in get_args(Purpose):
        return not_done("Nothing was done", "Say how they are to be reached, and what for.", SEND, 422)
    if not _is_team(question.team) or not asked.viewer.scope.has_team(question.team):
        return not_done("Nothing was done", "Give the team that sends, one of yours.", SEND, 422)
    campaign = said.get("campaign", "").strip()
    if len(campaign) > MAX_ID:
        return not_done("Nothing was done", "The name of the campaign is too long.", SEND, 422)
    question = replace(question, campaign=campaign, automatic=_automatic(question.channel, said.get("caller", "")))
    upload = asked.upload
    if upload is None and (segment := said.get("segment", "")):
        return await _of_segment(asked, replace(question, segment=segment))
    if upload is None:
        kept = asked.deps.sendings.of(asked.viewer.name)
        if kept is None or kept.state == "judging":
            return not_done(
                "Nothing was done", "Choose a list: CSV or XLSX whose first row names its columns.", SEND, 422
            )
        upload, question = kept.upload, replace(question, segment=kept.question.segment)
    return _ready(asked, upload, question)


async def _of_segment(asked: ActRequest, question: Question) -> Outcome | Ready:
    """Judge the members of a segment, of whom a list is made once it is written down who asks."""
    page = asked.page()
    stored = await stored_segments(page, question.segment)
    if question.segment not in stored.definitions:
        return not_done("Nothing was done", "There is no such segment.", SEND, 422)
    upload: BinaryIO = tempfile.TemporaryFile("w+b")  # noqa: SIM115 (kept)
    ready = _ready(asked, upload, question)

    async def perform() -> Outcome | Response:
        reader = SegmentsReader(asked.deps.redis, asked.deps.settings.profiles_oldest_s)
        if await write_members(reader, stored, question.segment, upload) is not None:
            return REDIS_LACKS
        return await ready.perform()

    return Ready(ready.audited, perform)


async def reserve(asked: ActRequest) -> Outcome | Ready:
    """Judge the list again, and keep other teams away from those who may be reached now, for two hours."""
    kept = asked.deps.sendings.of(asked.viewer.name)
    if kept is None or not (kept.state == "judged" or kept.broke_off_reserving):
        return not_done("Nothing was done", "There is no list that was judged. Upload it again.", SEND)
    was = kept.question
    if was.purpose == "transactional":
        return not_done("Nothing was done", "What somebody asked for needs no reservation.", SEND, 422)
    return _ready(asked, kept.upload, replace(was, reserve_s=RESERVED_S))


async def give_back(asked: ActRequest) -> Outcome | Ready:
    """Give back all who were reserved of the list, so that other teams may ask for them again."""
    redis, name = asked.deps.redis, asked.viewer.name
    one, mark, reservations = asked.deps.sendings.of(name), await mark_of(redis, name), Reservations(redis)
    if one is not None and one.state == "judging":
        return not_done("Nothing was done", "The list is still being judged: cancel that first.", SEND)
    if mark is None or not mark.list_id or not await reservations.count_list(mark.list_id):
        return not_done("Nothing was done", "Nobody of your list is reserved.", SEND)

    async def perform() -> Outcome:
        released = await reservations.release_list(mark.list_id)
        await keep_mark(redis, name, replace_struct(mark, reserve_s=0, given_back=released))
        if one is not None:
            one.given_back = released
        return done_as_shown(SEND)

    return Ready(Audited(detail=f"{mark.team} {mark.list_id}"), perform)


def _automatic(channel: str, caller: str) -> bool | None:
    """Whether a machine calls; None: nobody has said, so it may."""
    return caller == "machine" if channel == "phone" and caller in ("live", "machine") else None


def _ready(asked: ActRequest, upload: BinaryIO, question: Question) -> Ready:
    async def perform() -> Outcome:
        sendings, name = asked.deps.sendings, asked.viewer.name
        list_id = sendings.list_id_of(name, upload)
        mark = ListMark(asked.deps.wall(), question.team, question.reserve_s, list_id)
        try:
            await keep_mark(asked.deps.redis, name, mark)
        except SinkUnavailable:
            return REDIS_AWAY
        if not await sendings.begin(name, upload, question, list_id):
            return not_done("Nothing was done", "Others have lists here: try again in half an hour.", SEND, 503)
        return done_as_shown(SEND)

    told = f"{question.channel} {question.purpose} {question.team}{' automatic' if question.automatic else ''}"
    segments = [question.segment] if question.segment else []
    return Ready(Audited(campaign_id=question.campaign or None, segments=segments, detail=told), perform)
