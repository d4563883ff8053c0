"""Requests as programs are told of them, by the command line and by the API."""

from datetime import date

from typing_extensions import TypedDict

from events.rights_requests import ExtensionReason, RightsDeed, RightsKind, RightsOutcome
from streams.domain.rights.requests import RightsRequest


class PlainRequest(TypedDict):
    """A request for programs. `contact_id`: the id that was named, null where nobody was known by it.

    `due`: the last day on which the person is told, as extended; `days_left`: until then, null once it is closed.
    `answered`: when something of `did` was done first; `in_time`: they were told by the last day, or still can be.
    """

    request: str
    kind: RightsKind
    contact_id: str | None
    received: str
    due: str
    days_left: int | None
    overdue: bool
    extended: ExtensionReason | None
    answered: str | None
    did: list[RightsDeed]
    closed: str | None
    outcome: RightsOutcome | None
    reference: str | None
    in_time: bool


def plain_request(request: RightsRequest, today: date) -> PlainRequest:
    """A request as it stands today."""
    return {
        "request": request.id,
        "kind": request.kind,
        "contact_id": request.contact_id,
        "received": str(request.received),
        "due": str(request.due),
        "days_left": None if request.closed else request.days_left(today),
        "overdue": request.is_overdue(today),
        "extended": request.extended,
        "answered": None if request.answered is None else str(request.answered),
        "did": [*request.did],
        "closed": None if request.closed is None else str(request.closed),
        "outcome": request.outcome,
        "reference": request.reference,
        "in_time": request.is_in_time(today),
    }
