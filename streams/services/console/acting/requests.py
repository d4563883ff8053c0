"""Writes down requests of people over their data, gives out what is held, extends a request, and closes it."""

import asyncio
import io
import logging
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec
import orjson
from fastapi import Response
from kafka.errors import KafkaError

from events.fields import LABEL_PATTERN
from events.rights_requests import EXTENSION_REASONS, RIGHTS_KINDS, RIGHTS_OUTCOMES, RightsKind
from sinks.base import SinkUnavailable
from sinks.lookup import Incomplete, KnownContact
from streams.domain.rights.clock import may_have_come
from streams.domain.rights.permitted import StepRefusal, step_refusal
from streams.domain.rights.requests import RightsRequest
from streams.domain.rights.steps import ClockExtended, RequestClosed, RequestOpened, RequestStep
from streams.history.insights.own_process import NoAnswer
from streams.services.console.access_bundle import bundle_of, keeping_of
from streams.services.console.acting.decisions import WAIT_S, decide, decider, known_people
from streams.services.console.acting.people import COLLECTED, COLLECTED_S, held_of
from streams.services.console.acting.reaching_kafka import kept_from_sending
from streams.services.console.acting.request import ActRequest, Ready
from streams.services.console.gate import NotForYou
from streams.services.console.outcomes import Outcome, done_as_shown, not_done, unsure
from streams.services.console.page import PageRefused
from streams.services.console.pages.requests import REQUEST_PATTERN, desk_now, ids_by_now, mark_of
from streams.services.console.rights import EVERYTHING
from streams.services.console.views import Audited
from streams.services.contact_decisions.effects import ids_of
from streams.services.rights_desk.answering import Deciding, NotWrittenDown
from streams.services.rights_desk.log import new_request_id, today

logger = logging.getLogger(__name__)
LIST = "/rights"
_is_request = re.compile(REQUEST_PATTERN).fullmatch
_is_label = re.compile(LABEL_PATTERN).fullmatch
_CLOSED = not_done("Nothing was written down", "This request is closed. Who asks again has another request.")
_GONE = not_done("Nothing was written down", "There is none of this id, or its person was forgotten with it.", LIST)
_STOPPED = unsure(
    "Stopped, and not written down",
    "All contact with them is stopped, but nobody can tell that this is written down. Look at the list, and do it "
    "again if need be: what is stopped already stays so.",
)
_HALF_STOPPED = unsure(
    "Stopped, and not yet under each id",
    "All contact with them is stopped. Under the id by which they objected before it is ordered and nobody has seen "
    "it, so it is not written down. Press the button once more on the page of that request, in a minute.",
)
_OTHERS_BY_NOW = not_done(
    "Nothing was written",
    "They go by other ids now than you were shown, as where they were linked with somebody meanwhile, or parted. Look "
    "again who that is, and whether it is they who asked.",
    status=422,
)
_UNREAD = not_done(
    "Nothing was written",
    "Not all that is held could be read: are Kafka and Redis up? Try again in a minute.",
    status=503,
)
_WHY_NOT: Mapping[StepRefusal, Outcome] = {
    "closed": _CLOSED,
    "extended_before": not_done("Nothing was written down", "It was extended before, and may be so once."),
    "month_is_over": not_done(
        "Nothing was written down", "The month is over, within which they have to be told that it takes longer."
    ),
    "before_receipt": not_done("Nothing was written down", "Give a day between that on which it came and today."),
    "in_future": not_done("Nothing was written down", "Give a day between that on which it came and today."),
    "deed_of_other_kind": not_done("Nothing was written down", "That is not done about a request of this kind."),
}


class _Objection(NamedTuple):
    """An objection of a person, who is named by `contact`. `before`: one that is open already."""

    request: str
    step: RequestOpened
    contact: str
    person: KnownContact
    before: RightsRequest | None


async def open_request(asked: ActRequest) -> Outcome | Ready:
    """Write down that a person has asked; an objection stops all contact first."""
    deciding, said = _deciding(asked), asked.said
    kind = next((each for each in RIGHTS_KINDS if each == said.get("kind")), None)
    received = _day(said.get("received", ""), deciding.today)
    if kind is None or received is None or not may_have_come(received, deciding.today):
        text = "Say which right they use, and on which day of the last ten years it came: today at the latest."
        return not_done("Nothing was written down", text, LIST, 422)
    contact = said.get("contact", "").strip()
    found = await known_people(asked, [contact]) if contact else []
    if isinstance(found, Outcome):
        return found
    if kind == "objection" and not found:
        text = "An objection needs the contact id of the person: all contact is stopped by it."
        return not_done("Nothing was written down", text, LIST, 422)
    contact_id = contact if found else None  # as it was named, so that it stays theirs where they are parted later
    before = await _open_before(asked, kind, contact, found[0]) if found else None
    if before is not None and kind != "objection":
        text = "A request of this kind and person is open already."
        return not_done("Nothing was written down", text, f"{LIST}/{before.id}")
    request = new_request_id() if before is None else before.id
    step = RequestOpened(**deciding.mark(deciding.today), kind=kind, received=received, contact_id=contact_id)

    async def perform() -> Outcome:
        if kind == "objection":
            return await _heed(asked, deciding, _Objection(request, step, contact, found[0], before))
        return await _write(asked, f"{LIST}/{request}", lambda: deciding.open(request, step, is_stopped=False))

    own = [] if before is None or before.contact_id is None else [before.contact_id]
    ids = [*dict.fromkeys([*(each.contact_id for each in found), *own])]
    return Ready(Audited(contact_ids=ids, detail=f"{kind} {request}"), perform)


async def extend_request(asked: ActRequest) -> Outcome | Ready:
    """Write down that the person was told that it takes two further months."""
    deciding = _deciding(asked)
    reason = next((each for each in EXTENSION_REASONS if each == asked.said.get("reason")), None)
    if reason is None:
        return not_done("Nothing was written down", "Say why it takes longer, as they were told.", LIST, 422)
    return await _step(asked, deciding, ClockExtended(**deciding.mark(deciding.today), reason=reason))


async def close_request(asked: ActRequest) -> Outcome | Ready:
    """Write down that the person was told; the clock stops."""
    deciding = _deciding(asked)
    outcome = next((each for each in RIGHTS_OUTCOMES if each == asked.said.get("outcome")), None)
    reference = asked.said.get("reference", "").strip() or None
    if outcome is None:
        return not_done("Nothing was written down", "Say what they were told.", LIST, 422)
    if reference is not None and not _is_label(reference):
        text = "Where your letter is kept: 1 to 128 letters, digits or _ . : / # -, such as letters/17."
        return not_done("Nothing was written down", text, LIST, 422)
    mark = deciding.mark(deciding.today)
    return await _step(asked, deciding, RequestClosed(**mark, outcome=outcome, reference=reference))


async def answer_request(asked: ActRequest) -> Outcome | Ready:
    """All that is held of the person of a request for access or portability, as files in a ZIP."""
    deciding = _deciding(asked)
    found = await _request(asked)
    contact_id = found.contact_id
    to = f"{LIST}/{found.id}"
    step = deciding.answered(["bundle"])
    if contact_id is None:
        return not_done("Nothing was written", "Nobody is known by what they gave: close it, and say so.", to)
    if (why := step_refusal(found, step, deciding.today)) is not None:
        return _refused(why, to)
    known = await known_people(asked, [contact_id])
    if isinstance(known, Outcome):
        return known
    ids = ids_by_now(found, known[0])
    if len(ids) > 1 and asked.said.get("theirs") != "yes":
        text = "Look who that is by now, and say that it is they who asked: all that is held of them is given out."
        return not_done("Nothing was written", text, to, 422)
    if (asked.said.get("shown") or mark_of([contact_id])) != mark_of(ids):
        return msgspec.structs.replace(_OTHERS_BY_NOW, to=to)

    async def perform() -> Outcome | Response:
        try:
            held = orjson.loads(await held_of(contact_id, asked.deps.exports))
            is_theirs = await _is_of(asked, found, ids, held)
        except (NoAnswer, SinkUnavailable) as why:
            logger.warning("answer to a request: %s", why)
            return msgspec.structs.replace(_UNREAD, to=to)
        if not is_theirs:
            return msgspec.structs.replace(_OTHERS_BY_NOW, to=to)
        files = bundle_of(held, asked.page().words, asked.deps.wall(), keeping_of(asked.deps.settings))
        written = await _write(asked, to, lambda: deciding.take(found, step))
        return written if written.kind != "done" else _zip(found, files)

    return Ready(Audited(contact_ids=ids, detail=f"{found.kind} {found.id}"), perform)


async def _is_of(asked: ActRequest, request: RightsRequest, ids: Sequence[str], held: Mapping[str, Any]) -> bool:
    """Whether what was read is of a person of these ids, and of no others: the reading finds anew who that is.

    Topics know of a link before Redis does, so Redis is asked once more when they are read.
    Raises NoAnswer, SinkUnavailable.
    """
    seen = await asked.deps.lookup.look([[str(request.contact_id)]])
    if isinstance(seen, Incomplete):
        raise NoAnswer("Redis lacks something, so nobody can tell of whom it is")
    people = [KnownContact(held["contact_id"], orjson.dumps(held["profile"])), *seen.contacts]
    known = [mark_of(ids_by_now(request, each)) for each in people if isinstance(each, KnownContact)]
    return known == [mark_of(ids)] * len(people)


def _zip(request: RightsRequest, files: Mapping[str, bytes]) -> Response:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    head = {"Content-Disposition": f'attachment; filename="request-{request.id[:8]}.zip"'}
    given = Response(packed.getvalue(), media_type="application/zip", headers=head)
    given.set_cookie(COLLECTED, "1", max_age=COLLECTED_S, path=LIST, samesite="strict")
    return given


async def _open_before(asked: ActRequest, kind: RightsKind, contact: str, person: KnownContact) -> RightsRequest | None:
    """An open request of this kind and person, under whichever id they asked then. Raises Withheld, SinkUnavailable."""
    desk = await desk_now(asked.page())
    ids = sorted({one.contact_id for one in desk.requests.values() if one.kind == kind and one.contact_id is not None})
    seen = await asked.deps.lookup.ids([[each] for each in ids])
    own = {*ids_of(person), contact}
    if not isinstance(seen, Incomplete):
        named = zip(ids, seen.contacts, strict=True)
        own.update(id_ for id_, found in named if found.contact_id == person.contact_id)
    return desk.open_of(kind, own, contact)


async def _heed(asked: ActRequest, deciding: Deciding, said: _Objection) -> Outcome:
    """Stop all contact with who is named, so that it stays so where they are parted later; then write it down.

    One that is open already is heeded once more, and is not another one.
    """
    to = f"{LIST}/{said.request}"
    decision = decider(asked).suppress(said.contact, None, deciding.now)
    stopped = await decide(asked, decision, [said.person], done_as_shown(to))
    is_stopped = stopped.kind == "done"
    if stopped.kind == "not_done" or (said.before is not None and not is_stopped):
        return stopped
    written = await _write(asked, to, lambda: _written(deciding, said, is_stopped=is_stopped))
    if written.kind == "done":
        return stopped
    if written == _HALF_STOPPED:
        return msgspec.structs.replace(written, to=to)
    return msgspec.structs.replace(_STOPPED if is_stopped else stopped, to=LIST)


def _written(deciding: Deciding, said: _Objection, *, is_stopped: bool) -> Outcome | None:
    """Write an objection down, of one that is open already that it is heeded; what is to be told where it is not."""
    if said.before is None:
        deciding.open(said.request, said.step, is_stopped=is_stopped)
        return None
    return _HALF_STOPPED if deciding.heed(said.before, said.contact, is_audited=True) == "unseen" else None


async def _step(asked: ActRequest, deciding: Deciding, step: RequestStep) -> Outcome | Ready:
    found = await _request(asked)
    to = f"{LIST}/{found.id}"
    if (why := step_refusal(found, step, deciding.today)) is not None:
        return _refused(why, to)

    async def perform() -> Outcome:
        return await _write(asked, to, lambda: deciding.take(found, step))

    people = [] if found.contact_id is None else [found.contact_id]
    return Ready(Audited(contact_ids=people, detail=f"{found.kind} {found.id}"), perform)


async def _request(asked: ActRequest) -> RightsRequest:
    """The request of a form. Raises NotForYou, PageRefused, and Withheld where Kafka does not tell."""
    if asked.viewer.scope != EVERYTHING:
        raise NotForYou(asked.signed_in)
    name = asked.said.get("request", "")
    found = (await desk_now(asked.page())).requests.get(name) if _is_request(name) else None
    if found is None:
        raise PageRefused(404, "No such request", "There is none of this id, or its person was forgotten with it.")
    return found


def _refused(why: StepRefusal, to: str) -> Outcome:
    return msgspec.structs.replace(_WHY_NOT[why], to=to)


async def _write(asked: ActRequest, to: str, write: Callable[[], object]) -> Outcome:
    """What became of writing a step: what `write` says itself, else that the page of the request shows it."""
    if (kept := await kept_from_sending(asked.deps.settings, to)) is not None:
        return kept
    try:
        became = await asyncio.to_thread(write)
    except NotWrittenDown:
        return msgspec.structs.replace(_GONE, to=LIST)
    except (KafkaError, OSError):
        return unsure(
            "Not sure that it was written down",
            "Kafka did not say that it has it, so do not rely on it. Look at the list, and do it again if need be.",
            to,
        )
    return became if isinstance(became, Outcome) else done_as_shown(to)


def _deciding(asked: ActRequest) -> Deciding:
    if asked.viewer.scope != EVERYTHING:
        raise NotForYou(asked.signed_in)
    settings, now = asked.deps.settings, asked.deps.wall()
    return Deciding(settings, asked.source, WAIT_S, now, today(settings, now))


def _day(text: str, without: date) -> date | None:
    """The day of a field, `without` where it is empty; None: it is none."""
    try:
        return date.fromisoformat(text.strip()) if text.strip() else without
    except ValueError:
        return None
