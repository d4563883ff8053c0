"""Whether a step may be taken now, before it is written: of a step that would not count whoever takes it is told so."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from events.rights_requests import RightsDeed, RightsKind
from streams.domain.rights.requests import RightsRequest
from streams.domain.rights.steps import ClockExtended, RequestAnswered, RequestStep

StepRefusal = Literal["closed", "extended_before", "month_is_over", "before_receipt", "in_future", "deed_of_other_kind"]

DEEDS_OF: Mapping[RightsKind, frozenset[RightsDeed]] = {
    "access": frozenset({"bundle"}),
    "portability": frozenset({"bundle"}),
    "objection": frozenset({"suppressed"}),
    "erasure": frozenset({"erased"}),
    "rectification": frozenset({"linked", "unlinked", "consent", "corrected", "retracted", "at_source"}),
}
"""What may be done about a request of each kind."""


def step_refusal(request: RightsRequest, step: RequestStep, today: date) -> StepRefusal | None:
    """Why a step would not count; None: it does."""
    if request.closed is not None:
        return "closed"
    if step.on > today:
        return "in_future"
    if step.on < request.received:
        return "before_receipt"
    if isinstance(step, ClockExtended):
        if request.extended is not None:
            return "extended_before"
        return "month_is_over" if step.on > request.first_due else None
    if isinstance(step, RequestAnswered) and not DEEDS_OF[request.kind].issuperset(step.did):
        return "deed_of_other_kind"
    return None
