"""Which events a token may publish: those of its own team, and none that undoes another's.

Whoever may publish may stop contact with a person, since that only ever protects. To join two records or take them
apart moves what one person did to another, so it wants the same scope as to erase; and so does a stop that ends, for it
takes the place of one that did not. What another team was told, a STOP above all, is not taken back by a token.
"""

from events.envelope import Interaction
from events.harmonised import team_of
from events.interactions.anywhere import InteractionRetracted
from events.interactions.commands import ContactErased, ContactSuppressed, PairCommand
from events.refusal import Reason, Refusal
from streams.platform.tokens import ANY_TEAM, Caller

_OTHER_SOURCE = Refusal(Reason.INVALID_DATA, "source: the token speaks for another team")
_OTHER_TEAM = Refusal(Reason.INVALID_DATA, "data.team: the token speaks for another team")
_NOT_ITS_OWN = Refusal(Reason.INVALID_DATA, "data.retracts.source: the token speaks for another team")
_NO_ERASING = Refusal(Reason.INVALID_DATA, "type: the token has no scope erase")
_NO_END = Refusal(Reason.INVALID_DATA, "data.until: a stop that ends wants a token with scope erase")


def forbidden(said: Interaction, caller: Caller) -> Refusal | None:
    """Why a caller may not publish this interaction; None: it may."""
    return _of_another_team(said, caller.team) or (None if "erase" in caller.scopes else _beyond_publishing(said))


def _of_another_team(said: Interaction, team: str) -> Refusal | None:
    if team == ANY_TEAM:
        return None
    if team_of(said.source) != team:
        return _OTHER_SOURCE
    if said.data.team not in (None, "", team):
        return _OTHER_TEAM
    if isinstance(said.data, InteractionRetracted) and team_of(said.data.retracts.source) != team:
        return _NOT_ITS_OWN
    return None


def _beyond_publishing(said: Interaction) -> Refusal | None:
    if isinstance(said.data, ContactErased | PairCommand):
        return _NO_ERASING
    return _NO_END if isinstance(said.data, ContactSuppressed) and said.data.until is not None else None
