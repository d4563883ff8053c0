"""When a person last did something of their own: gave, answered, came, signed, clicked, spoke with a canvasser.

What a campaign sends, and what others say of them, is none of it: whoever only gets mail is not active. A click counts
whoever made it, a program too: of one that has settled nobody can tell any more.
"""

from collections.abc import Collection, Sequence

from events.registry import types_that
from streams.domain.contact.facts.retractions import is_retracted, retractions
from streams.domain.contact.optional import latest
from streams.domain.contact.state import CanvassReport, ContactState, Fact, Settled

_OWN = types_that(lambda spec: spec.is_own_act)


def is_own_act(fact: Fact) -> bool:
    """Whether it is something that the person did."""
    if isinstance(fact.detail, CanvassReport):
        return fact.detail.outcome == "contacted"
    return fact.type in _OWN


def last_act(facts: Sequence[Fact], settled: Settled) -> int | None:
    """The time of the last one, ms; None: there is none. `facts` are in order. Of what settles only clicks are acts."""
    last = next((fact.time for fact in reversed(facts) if is_own_act(fact)), None)
    return latest(last, settled.totals.last_clicked)


def last_act_of(person: Collection[ContactState]) -> int | None:
    """The same of all fragments of a person, without putting them together; each has its facts in order."""
    gone = retractions(fact for state in person for fact in state.facts.values())
    last: int | None = None
    for state in person:
        acts = (
            fact.time for fact in reversed(state.facts.values()) if is_own_act(fact) and not is_retracted(fact, gone)
        )
        last = latest(last, latest(next(acts, None), state.settled.totals.last_clicked))
    return last
