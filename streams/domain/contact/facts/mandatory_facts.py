"""What has to be heard whatever else is not: somebody's no, what is taken back, and what an operator decides."""

from streams.domain.contact.facts.command_details import Ruling, Suppress
from streams.domain.contact.state import Consent, Fact, Report, Retraction

REFUSALS = frozenset({"do_not_contact", "refused", "deceased"})
"""Outcomes of a canvass report after which a person is to be left alone."""


def binds(fact: Fact) -> bool:
    """Whether it is heard where there is no more room, and where nothing else is heard since the person was erased."""
    match fact.detail:
        case Retraction() | Consent(granted=False) | Ruling() | Suppress():
            return True
        case Report(outcome=outcome):
            return outcome in REFUSALS
        case _:
            return False
