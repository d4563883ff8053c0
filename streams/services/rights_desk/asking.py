"""Takes requests of people as programs send them: each once, and an objection is heeded before it is written down.

A form on a website is sent again where its answer was lost, so what is open already is answered in its place.
"""

from collections.abc import Callable
from datetime import date
from threading import Lock
from typing import NamedTuple

from events.rights_requests import RightsKind
from streams.domain.rights.permitted import StepRefusal, step_refusal
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.domain.rights.steps import RequestOpened, RequestStep
from streams.platform.settings import Settings
from streams.services.rights_desk.answering import (
    Deciding,
    Mark,
    MeantContact,
    ids_asked_under,
    is_erased,
    meant_contact,
)
from streams.services.rights_desk.log import read_desk, today

WAIT_S = 5.0
"""How long Redis has to show that all contact was stopped: whoever asks waits for it."""


class AskedRight(NamedTuple):
    """What a person asks for. `word`: by what they are named, in its long form; `received`: the day on which it came.

    `anyway`: write it down although nobody is known by that.
    """

    kind: RightsKind
    word: str
    received: date
    anyway: bool = False


class StandingRequest(NamedTuple):
    """A request that is written down. `is_new`: just now, and not before.

    `is_stopped`: of an objection, whether Redis shows that all contact is stopped; None of any other.
    """

    request: RightsRequest
    is_new: bool
    is_stopped: bool | None


class NobodyKnown(NamedTuple):
    """Nothing was written down, since nobody is known by what was named."""


class NoSuchRequest(NamedTuple):
    """There is none of this id, or it is forgotten and only counted."""


class RightsOffice:
    """The rights desk for programs. `clock`: ms since 1970.

    Every method blocks, and raises Kafka's errors, `MissingTopic`, RedisError, and `NotWrittenDown`.
    """

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self.settings = settings
        self.clock = clock
        self._one_at_a_time = Lock()  # two copies at once would be two requests

    def today(self) -> date:
        """The day that it is for the desk."""
        return today(self.settings, self.clock())

    def desk(self) -> RightsDesk:
        """All requests as they stand."""
        return read_desk(self.settings)

    def ask(self, by: str, asked: AskedRight) -> StandingRequest | NobodyKnown:
        """Write down that a person has asked, unless a request of this kind of theirs is open; that one stands then."""
        with self._one_at_a_time:
            return self._ask(self._deciding(by), asked)

    def _ask(self, deciding: Deciding, asked: AskedRight) -> StandingRequest | NobodyKnown:
        found = meant_contact(self.settings, asked.word)
        if found.known_id is None and not asked.anyway:
            return NobodyKnown()
        stopped = deciding.stop(found) if asked.kind == "objection" else None
        if stopped is not None and found.known_id is None:  # by the stop they are somebody
            found = meant_contact(self.settings, asked.word)
        contact_id = found.known_id
        if stopped is not None and contact_id is None and not is_erased(found):
            contact_id = found.named  # the stop was sent to it, whether Redis shows that yet or not
        if contact_id is not None and (before := self._open_before(asked, found, contact_id)) is not None:
            if stopped:
                stopped = deciding.heed(before, asked.word) != "unseen"
                before = read_desk(self.settings).requests.get(before.id, before)
            return StandingRequest(before, is_new=False, is_stopped=stopped)
        mark = deciding.mark(deciding.today)
        step = RequestOpened(**mark, kind=asked.kind, received=asked.received, contact_id=contact_id)
        request = deciding.open(deciding.begin_open(step), step, is_stopped=stopped is True)
        return StandingRequest(request, is_new=True, is_stopped=stopped)

    def take(
        self, by: str, request: str, made: Callable[[Mark], RequestStep], on: date | None = None
    ) -> RightsRequest | StepRefusal | NoSuchRequest:
        """Write down a step of a request, which `made` makes of its mark; `on`: the day of it, None for today."""
        deciding = self._deciding(by)
        found = read_desk(self.settings).requests.get(request)
        if found is None:
            return NoSuchRequest()
        step = made(deciding.mark(on or deciding.today))
        if (why := step_refusal(found, step, deciding.today)) is not None:
            return why
        deciding.begin(found, step)
        return deciding.take(found, step)

    def _open_before(self, asked: AskedRight, found: MeantContact, contact_id: str) -> RightsRequest | None:
        desk = read_desk(self.settings)
        return desk.open_of(asked.kind, ids_asked_under(self.settings, desk, found), contact_id)

    def _deciding(self, by: str) -> Deciding:
        return Deciding(self.settings, by, WAIT_S, self.clock(), self.today())
