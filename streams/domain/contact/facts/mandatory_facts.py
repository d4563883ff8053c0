"""Facts that are always taken, even by a full or erased state: refusals, retractions and commands of operators."""

from events.interactions.canvass import REFUSALS, UNREACHABLE
from streams.domain.contact.facts.command_details import ForgetProvenance, ForgetPurpose, LinkRuling, Suppress
from streams.domain.contact.state import CanvassReport, Consent, Fact, Retraction


def binds(fact: Fact) -> bool:
    """Whether it is heard where there is no more room, and where nothing else is heard since the person was erased."""
    match fact.detail:
        case Retraction() | Consent(granted=False) | LinkRuling() | Suppress() | ForgetProvenance() | ForgetPurpose():
            return True
        case CanvassReport(outcome=outcome):
            return outcome in REFUSALS
        case _:
            return False


def says_too_young(fact: Fact) -> bool:
    """Whether it says that the person is not of age, which keeps them out of audiences."""
    return fact.origin is not None and fact.origin.of_age is False


def protects(fact: Fact) -> bool:
    """Whether it stays, bare, where its source is forgotten: it binds, or else a wrong number would be good again."""
    return binds(fact) or (isinstance(fact.detail, CanvassReport) and fact.detail.outcome in UNREACHABLE)
