"""When a person last did something of their own: gave, answered, came, signed, clicked, spoke with a canvasser.

What a campaign sends, and what others say of them, is none of it: whoever only gets mail is not active. Nor is a yes on
another ground than consent, which a supplier may send every month; an address that the person gave is one. A click
counts whoever made it, a program too: of one that has settled nobody can tell any more.
"""

from collections.abc import Collection, Sequence

from events.inactivity import is_own_yes
from events.interactions.canvass import CanvassReported
from events.registry import types_that
from streams.domain.contact.facts.retractions import is_retracted, retractions
from streams.domain.contact.optional import latest
from streams.domain.contact.state import CanvassReport, Consent, ContactState, Fact, Key, Settled

_OBTAINED = "provenance.reported"
_OWN = types_that(lambda spec: spec.is_own_act)
_MAY_BE_OWN = _OWN | {_OBTAINED, *types_that(lambda spec: spec.model is CanvassReported)}
"""Most facts are of other types, messages first of all."""


def is_own_act(fact: Fact) -> bool:
    """Whether it is something that the person did."""
    detail = fact.detail
    if isinstance(detail, CanvassReport):
        return detail.outcome == "contacted"
    if isinstance(detail, Consent) and detail.granted:
        return detail.terms is None or is_own_yes(detail.terms.basis)
    return fact.type in _OWN or (fact.type == _OBTAINED and fact.origin is not None and fact.origin.kind == "self")


def last_act(facts: Sequence[Fact], settled: Settled) -> int | None:
    """The time of the last one, ms; None: there is none. `facts` are in order. Of what settles only clicks are acts."""
    last = next((fact.time for fact in reversed(facts) if fact.type in _MAY_BE_OWN and is_own_act(fact)), None)
    return latest(last, settled.totals.last_clicked)


def last_act_of(person: Collection[ContactState]) -> int | None:
    """The same of all fragments of a person, without putting them together. Of copies the earliest counts."""
    gone = retractions(fact for state in person for fact in state.facts.values())
    acts: dict[Key, int] = {}
    clicked: int | None = None
    for state in person:
        for fact in state.facts.values():
            if is_own_act(fact) and not is_retracted(fact, gone):
                acts[fact.key] = min(fact.time, acts.get(fact.key, fact.time))
        clicked = latest(clicked, state.settled.totals.last_clicked)
    return latest(max(acts.values(), default=None), clicked)
