"""Opens requests, does what is asked for by the commands there are, and writes the steps down.

Who protects a person comes first: an objection is sent as a suppression before the request is written, so nothing can
leave it written and not heeded. All else that somebody does is in `audit-log` before it is done.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypedDict

from events.refusal import Refusal
from events.rights_requests import RightsDeed
from events.times import render_time
from sinks.lookup import ContactAnswer, ContactNames, ErasedContact, UnknownContact, find_anyway
from streams.domain.rights.forgetting import forgetting_records, requests_of
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.domain.rights.steps import (
    RequestAnswered,
    RequestOpened,
    RequestStep,
    step_record,
)
from streams.platform.clients import redis_client
from streams.platform.settings import Settings
from streams.services.contact_decisions.commands import Decider, Decision
from streams.services.contact_decisions.effects import ids_of
from streams.services.contact_decisions.sending import send_and_wait
from streams.services.permission.command_audit import send_record
from streams.services.permission.person_name import parse_person
from streams.services.rights_desk.log import audit_of, new_request_id, new_step_id, read_desk, write_records


class NotWrittenDown(Exception):
    """Nothing is written down, and why: `audit-log` did not take what was to be done, or the person is gone."""


Heeding = Literal["written", "before", "unseen"]
"""Of an open objection that came again: that it is heeded is written down now, was before, or is not seen yet."""


class Mark(TypedDict):
    """What every step says: of which day it is, when it was written, and by whom."""

    on: date
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class MeantContact:
    """Whom a word means: the word in its long form, who is known by it, and `named`, the id of theirs that it names."""

    word: str
    contact: ContactAnswer
    named: str

    @property
    def known_id(self) -> str | None:
        """The id under which somebody is known by the word; None: nobody is.

        Of a person who was merged it is not the survivor's: whoever is parted later takes their request along.
        """
        return None if isinstance(self.contact, ErasedContact | UnknownContact) else self.named

    @property
    def ids(self) -> list[str]:
        """The contact_id of whom the word means, what was merged into it, and what the word names."""
        return list(dict.fromkeys([*ids_of(self.contact), self.named]))


def meant_contact(settings: Settings, word: str) -> MeantContact:
    """Who is known by a word in its long form. Raises RedisError."""
    names = parse_person(word).ids(settings.hasher) or [word]
    return asyncio.run(_find(settings, word, names))


def is_erased(meant: MeantContact) -> bool:
    """Whether the person was erased."""
    return isinstance(meant.contact, ErasedContact)


def nobody_known(meant: MeantContact) -> str | None:
    """Why nobody is known, in words; None: somebody is."""
    if is_erased(meant):
        return "this person has been erased, so nothing is held of them but that"
    if isinstance(meant.contact, UnknownContact):
        return "nobody is known by that name: is it spelled as it was reported, and HARMONIA_IDENTITY_KEY the workers'?"
    return None


def ids_asked_under(settings: Settings, desk: RightsDesk, meant: MeantContact) -> set[str]:
    """The ids of requests that lead to the person whom a word means: each time they may have given another one.

    A profile does not list all of them. Raises RedisError.
    """
    ids = sorted({one.contact_id for one in desk.requests.values() if one.contact_id is not None})
    found = asyncio.run(_find_each(settings, ids))
    led = {id_ for id_, contact in zip(ids, found, strict=True) if contact.contact_id == meant.contact.contact_id}
    return led | {*meant.ids}


async def _find_each(settings: Settings, ids: Sequence[str]) -> list[ContactAnswer]:
    client = redis_client(settings)
    try:
        return [await find_anyway(client, [each]) for each in ids]
    finally:
        await client.aclose()


async def _find(settings: Settings, word: str, names: ContactNames) -> MeantContact:
    client = redis_client(settings)
    try:
        found = [MeantContact(word, await find_anyway(client, [name]), name) for name in names]
    finally:
        await client.aclose()
    return next((each for each in found if not isinstance(each.contact, UnknownContact)), found[0])


@dataclass(frozen=True, slots=True)
class Deciding:
    """What somebody decides about requests. `now`: ms since 1970; `today`: by the deployment's time zone.

    `wait_s`: how long Redis has to show what was ordered. Every method raises Kafka's errors, `NotWrittenDown` where
    what is to be done cannot be written down first.
    """

    settings: Settings
    by: str
    wait_s: float
    now: int
    today: date

    def mark(self, on: date) -> Mark:
        """What a step of a day says besides what it is."""
        return {"on": on, "at": render_time(self.now), "by": self.by}

    def answered(self, did: Sequence[RightsDeed]) -> RequestAnswered:
        """The step that says what was done today."""
        return RequestAnswered(**self.mark(self.today), did=tuple(did))

    def stop(self, meant: MeantContact) -> bool:
        """Stop all contact with a person, as `contact suppress` does; whether Redis shows it in time."""
        decision = Decider(self.settings, self.by).suppress(meant.word, None, self.now)
        return self._send(decision, [meant.contact])

    def begin_open(self, step: RequestOpened) -> str:
        """The id of a new request, once it is in `audit-log` that it is about to be written down."""
        request = new_request_id()
        self.note(step.contact_id, f"open {step.kind} {request}")
        return request

    def open(self, request: str, step: RequestOpened, *, is_stopped: bool) -> RightsRequest:
        """Write down that a person has asked, and of an objection that all contact was stopped, where that was seen."""
        return self._write(request, [step, *([self.answered(["suppressed"])] if is_stopped else [])])

    def heed(self, before: RightsRequest, word: str, *, is_audited: bool = False) -> Heeding:
        """Write down of an open objection that all contact is stopped, once Redis shows it of whom `word` names.

        A stop stays with the id that it was sent to, and leaves whoever objected before where they are parted from it:
        so their own id is stopped first, also where it was heeded before: that stop may have been lifted since.
        `is_audited`: `audit-log` has it already.
        """
        own, stopped = before.contact_id, next(iter(parse_person(word).ids(self.settings.hasher)), word)
        if own is not None and own != stopped and not self._stop_after(own):
            return "unseen"
        if "suppressed" in before.did:
            return "before"
        step = self.answered(["suppressed"])
        if not is_audited:
            self.begin(before, step, ids=[stopped])
        self.take(before, step)
        return "written"

    def _stop_after(self, contact_id: str) -> bool:
        """Stop an id after another one; later by a ms, since of two stops of one person Redis shows the latest."""
        return self._send(Decider(self.settings, self.by).suppress(contact_id, None, self.now + 1), [])

    def begin(self, request: RightsRequest, step: RequestStep, *, ids: Sequence[str] = ()) -> None:
        """Put into `audit-log` that this step is about to be taken. `ids`: what else the person goes by."""
        what = type(step).__struct_config__.tag
        self.note(request.contact_id, f"{what} {request.kind} {request.id}", ids=ids)

    def take(self, request: RightsRequest, step: RequestStep) -> RightsRequest:
        """Write down a step of a request that has begun."""
        return self._write(request.id, [step])

    def erase(self, meant: MeantContact) -> bool:
        """Forget a person as `contact erase` does, then their requests; whether Redis shows it in time.

        Where it does not, a worker forgets the requests once the person is forgotten.
        """
        ids = ids_asked_under(self.settings, read_desk(self.settings), meant)
        decision = Decider(self.settings, self.by).erase(meant.word, self.now)
        if not self._send(decision, [meant.contact]):
            return False
        desk = read_desk(self.settings)
        self.forget(requests_of(desk, ids), desk.left)
        return True

    def forget(self, requests: Sequence[RightsRequest], left: Sequence[str] = ()) -> None:
        """Leave nothing but counts of these requests."""
        write_records(self.settings, forgetting_records(requests, left, self.today))

    def _send(self, decision: Decision | Refusal, before: Sequence[ContactAnswer]) -> bool:
        if isinstance(decision, Refusal):
            raise NotWrittenDown(f"{decision.reason}: {decision.detail}; nothing was sent")
        return send_and_wait(self.settings, decision, before, self.wait_s)

    def note(self, contact_id: str | None, what: str, *, ids: Sequence[str] = ()) -> None:
        """Put into `audit-log` what is about to be done, in words, and about which ids. Raises NotWrittenDown."""
        about = dict.fromkeys([*ids, *([] if contact_id is None else [contact_id])])
        if (trouble := send_record(self.settings, audit_of(self.by, [*about], what, self.now))) is not None:
            raise NotWrittenDown(f"audit-log did not take it, so nothing was written down: {trouble}")

    def _write(self, request: str, steps: Sequence[RequestStep]) -> RightsRequest:
        write_records(self.settings, (step_record(request, new_step_id(), step) for step in steps))
        found = read_desk(self.settings).requests.get(request)
        if found is None:
            raise NotWrittenDown("the person was forgotten meanwhile, so the request is only counted")
        return found
