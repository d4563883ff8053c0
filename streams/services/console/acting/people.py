"""Stops all contact with a person or lets it begin again, gives out what is held of them, and forgets them."""

import asyncio
import logging
import re
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from fastapi import Response

from events.fields import CONTACT_ID_PATTERN
from events.refusal import Refusal
from sinks.lookup import KnownContact
from streams.history.insights.own_process import NoAnswer, answer_of_child
from streams.services.console.acting.decisions import decide, decider, known_people
from streams.services.console.acting.request import ActRequest, Ready
from streams.services.console.gate import NotForYou
from streams.services.console.outcomes import Outcome, done, done_as_shown, not_done
from streams.services.console.page import PageRefused
from streams.services.console.pages.person_acts import BECAUSE, confirmation_of
from streams.services.console.rights import EVERYTHING
from streams.services.console.views import Audited
from streams.services.contact_decisions.commands import Decision
from streams.services.contact_decisions.effects import outlasts, suppression_of

logger = logging.getLogger(__name__)
EXPORT = (sys.executable, "-m", "streams.cli.main", "contact", "export", "--")
EXPORT_S = 300.0
"""Seconds that an export may take: topics are read whole for it."""
COLLECTED, COLLECTED_S = "collected", 60
"""A cookie by which the page sees that the file has come: the browser tells it nothing of a download."""
_is_contact_id = re.compile(CONTACT_ID_PATTERN).fullmatch


async def suppress(asked: ActRequest) -> Outcome | Ready:
    """Stop all contact with a person, until a day if one is given; not where a stop that lasts longer holds."""
    because, now, ends = asked.said.get("because", ""), asked.deps.wall(), _end(asked)
    if because not in BECAUSE:
        return not_done("Nothing was done", "Say why nobody is to reach them: it is written down.", status=422)
    if isinstance(ends, Outcome) or (ends is not None and ends <= now):
        return not_done("Nothing was done", "Give a day after today, or none.", status=422)
    found = await _person(asked)
    if isinstance(found, Outcome):
        return found
    back = page_of(found.contact_id)
    stop = suppression_of(found, now)
    if stop is not None and outlasts(stop, ends):
        text = (
            "A stop that lasts longer holds already, and this one would take its place and end sooner. Lift it first."
        )
        return await _seen(asked, found, not_done("Nothing was done", text, back))
    detail = f"until {asked.said.get('until') or 'lifted'}; {because}"
    return _ready(
        asked,
        found,
        decider(asked).suppress(found.contact_id, ends, now),
        done_as_shown(f"{back}?done=stopped"),
        detail,
    )


async def unsuppress(asked: ActRequest) -> Outcome | Ready:
    """Lift the stop of a person that was set by a suppression; what else is closed stays so."""
    found = await _person(asked)
    if isinstance(found, Outcome):
        return found
    now = asked.deps.wall()
    shown = done_as_shown(f"{page_of(found.contact_id)}?done=lifted")
    if suppression_of(found, now) is None:
        return await _seen(asked, found, shown)
    return _ready(asked, found, decider(asked).unsuppress(found.contact_id, now), shown)


async def erase(asked: ActRequest) -> Outcome | Ready:
    """Forget a person, once the end of their contact id was typed."""
    found = await _person(asked)
    if isinstance(found, Outcome):
        return found
    if asked.said.get("typed", "").strip() != confirmation_of(found.contact_id):
        text = "What you typed is not the end of the contact id, so nobody was forgotten."
        return await _seen(asked, found, not_done("Nothing was done", text, f"/erase/{found.contact_id}", 422))
    gone = done(
        "Forgotten",
        "Everything that was heard under any identifier of this person is gone, and Redis shows it. Topics lose it in "
        "the days that follow.",
        "/people",
    )
    return _ready(asked, found, decider(asked).erase(found.contact_id, asked.deps.wall()), gone)


async def export(asked: ActRequest) -> Outcome | Ready:
    """All that is held of a person, as `harmonia contact export` writes it."""
    if asked.viewer.scope != EVERYTHING:
        raise NotForYou(asked.signed_in)
    found = await _person(asked)
    if isinstance(found, Outcome):
        return found
    contact_id = found.contact_id

    async def perform() -> Outcome | Response:
        try:
            held = await held_of(contact_id, asked.deps.exports)
        except NoAnswer as why:
            logger.warning("export of a contact: %s", why)
            return not_done(
                "Nothing was written",
                "Not all that is held could be read: are Kafka and Redis up? Try again in a minute.",
                page_of(contact_id),
                503,
            )
        name = f'attachment; filename="contact-{confirmation_of(contact_id)}.json"'
        given = Response(held, media_type="application/json", headers={"Content-Disposition": name})
        given.set_cookie(COLLECTED, "1", max_age=COLLECTED_S, path="/people", samesite="strict")
        return given

    return Ready(Audited(contact_ids=[contact_id]), perform)


async def held_of(contact_id: str, turns: asyncio.Semaphore, command: Sequence[str] = EXPORT) -> bytes:
    """All that is held of a person, as the command writes it, in turn. Raises NoAnswer."""
    async with turns:
        with tempfile.TemporaryDirectory(prefix="harmonia-export-", ignore_cleanup_errors=True) as folder:
            return await answer_of_child((*command, contact_id), folder, EXPORT_S)


def page_of(contact_id: str) -> str:
    """The path of a person's page."""
    return f"/people/{contact_id}"


async def _person(asked: ActRequest) -> KnownContact | Outcome:
    contact_id = asked.said.get("contact", "")
    if not _is_contact_id(contact_id):
        raise PageRefused.not_found()
    if not asked.signed_in.session.reason:
        return not_done(
            "Nothing was done",
            "Say first why you look at this person: it is written down with what you do.",
            f"/people?for={contact_id}",
            422,
        )
    found = await known_people(asked, [contact_id])
    return found if isinstance(found, Outcome) else found[0]


async def _seen(asked: ActRequest, found: KnownContact, outcome: Outcome) -> Outcome:
    """What is told of how somebody stands, once that is written down as a look at them: nothing else is."""
    await asked.deps.views.person(asked.viewer, asked.signed_in.session.reason, found.contact_id, "found")
    return outcome


def _end(asked: ActRequest) -> int | Outcome | None:
    """When a day begins that was given, by the console's time zone, ms since 1970; None: none was given."""
    said = asked.said.get("until", "").strip()
    if not said:
        return None
    try:
        day = date.fromisoformat(said)
        begins = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(asked.deps.settings.time_zone))
        return round(begins.timestamp() * 1000)
    except (ValueError, OverflowError):
        return not_done("Nothing was done", "Give a day after today, or none.", status=422)


def _ready(
    asked: ActRequest, found: KnownContact, decision: Decision | Refusal, shown: Outcome, detail: str = ""
) -> Ready:
    async def perform() -> Outcome:
        return await decide(asked, decision, [found], shown)

    return Ready(Audited(contact_ids=[found.contact_id], detail=detail), perform)
