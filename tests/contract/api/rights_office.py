"""The rights desk with its topic in memory: requests are folded of their steps as ever."""

from collections.abc import Callable
from datetime import date

from streams.domain.rights.permitted import StepRefusal, step_refusal
from streams.domain.rights.requests import RightsDesk, RightsRequest, desk_of
from streams.domain.rights.steps import RequestOpened, RequestStep
from streams.platform.settings import Settings
from streams.services.rights_desk.answering import Mark
from streams.services.rights_desk.asking import AskedRight, NobodyKnown, NoSuchRequest, RightsOffice, StandingRequest


class OfficeInMemory(RightsOffice):
    """`known`: by the word that names somebody their id; `by`: who took each step; `trouble`: what Kafka raises."""

    known: dict[str, str]
    by: list[str]
    trouble: Exception | None

    def __init__(self, clock: Callable[[], int]) -> None:
        super().__init__(Settings(), clock)
        self.known, self.by, self.trouble = {}, [], None
        self._steps: dict[str, RequestStep] = {}

    def desk(self) -> RightsDesk:
        if self.trouble is not None:
            raise self.trouble
        return desk_of(self._steps.items())

    def ask(self, by: str, asked: AskedRight) -> StandingRequest | NobodyKnown:
        contact_id = self.known.get(asked.word)
        if contact_id is None and not asked.anyway:
            return NobodyKnown()
        stopped = True if asked.kind == "objection" else None
        if contact_id is not None and (before := self.desk().open_of(asked.kind, [contact_id])) is not None:
            return StandingRequest(before, is_new=False, is_stopped=stopped)
        step = RequestOpened(**self._mark(by, None), kind=asked.kind, received=asked.received, contact_id=contact_id)
        return StandingRequest(self._keep(f"{len(self._steps):020x}", by, step), is_new=True, is_stopped=stopped)

    def take(
        self, by: str, request: str, made: Callable[[Mark], RequestStep], on: date | None = None
    ) -> RightsRequest | StepRefusal | NoSuchRequest:
        found = self.desk().requests.get(request)
        if found is None:
            return NoSuchRequest()
        step = made(self._mark(by, on))
        return step_refusal(found, step, self.today()) or self._keep(request, by, step)

    def _mark(self, by: str, on: date | None) -> Mark:
        return {"on": on or self.today(), "at": f"{len(self._steps):04}", "by": by}

    def _keep(self, request: str, by: str, step: RequestStep) -> RightsRequest:
        self._steps[f"{request}/{len(self._steps)}"] = step
        self.by.append(by)
        return self.desk().requests[request]
