"""When a person last did something of their own: gave, answered, came, signed, clicked, spoke with a canvasser.

What a campaign sends, and what others say of them, is none of it: whoever only gets mail is not active. A click counts
whoever made it, a program too: of one that has settled nobody can tell any more.
"""

from collections.abc import Sequence

from events.registry import types_that
from streams.domain.contact.optional import latest
from streams.domain.contact.state import CanvassReport, Fact, Settled

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
