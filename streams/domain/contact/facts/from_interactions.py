"""From what was said to what is kept of it: the one place that knows both the interactions and the facts."""

import re

from events.channels import plain_purpose
from events.cloudevents import Head
from events.contact import Contact
from events.fields import LABEL_PATTERN
from events.harmonised import team_of
from events.interaction_structs import Arm as UsualArm
from events.interaction_structs import (
    AssignmentStruct,
    ContactStruct,
    DataStruct,
    DonationStruct,
    MessageStruct,
    ProvenanceStruct,
    ReportStruct,
)
from events.interactions import commands
from events.interactions.anywhere import ConsentChanged, ExperimentAssigned, InteractionRetracted
from events.interactions.base import ExperimentArm, InteractionData, Provenance, SourcedData
from events.interactions.canvass import BallotReported, CanvassReported
from events.interactions.donation import DonationMade, DonationRefunded
from events.interactions.donation import PledgeChange as PledgeChanged
from events.interactions.email import EmailBounced, EmailClicked, EmailMessage, EmailOpened, EmailRefusal
from events.interactions.outreach import TextMessage, TextOptedOut
from events.registry import SPECS
from events.times import parse_time
from streams.domain.contact.facts.command_details import (
    LIFTED,
    Erase,
    ForgetProvenance,
    ForgetPurpose,
    LinkRuling,
    Suppress,
)
from streams.domain.contact.facts.engagement import DEEDS, Deed, checksum_of, link_of
from streams.domain.contact.facts.identifier_table import carried_by
from streams.domain.contact.facts.notices import kept_notice
from streams.domain.contact.sections.exposures import CarriedVariant
from streams.domain.contact.sections.messages import SHOWS, Message
from streams.domain.contact.state import (
    NEVER,
    Ballot,
    CanvassReport,
    Consent,
    ConsentTerms,
    Detail,
    ErasureIfInactive,
    Fact,
    Gift,
    Origin,
    PledgeChange,
    Refund,
    Retraction,
    RollEntry,
    Zones,
)
from streams.domain.human import agent_of

_ARMING = (
    MessageStruct,
    ReportStruct,
    AssignmentStruct,
    EmailMessage,
    TextMessage,
    CanvassReported,
    ExperimentAssigned,
)
"""Whatever may carry the variant of an experiment."""
_SOURCED = (DonationStruct, ReportStruct, SourcedData)
"""Whatever may say where it comes from."""
_BARE: tuple[type[InteractionData | DataStruct], ...] = (
    AssignmentStruct,
    *(spec.model for spec in SPECS if spec.is_bare),
)
"""Of which nothing is kept but that it happened."""
_IF_INACTIVE = "contact.erased_if_inactive"
_is_label = re.compile(LABEL_PATTERN).fullmatch
_NO_TERMS = ConsentTerms()
_NO_ROLL_ENTRY = RollEntry()


def fact_of(head: Head, time: int, data: InteractionData | DataStruct, appended_at: int) -> Fact:
    """The fact that an interaction reports; `time` and `appended_at` in ms."""
    id_, source, type_, _ = head
    origin = None
    match data:
        case MessageStruct() | EmailOpened() if type_ in DEEDS:
            detail: Detail | None = _deed(type_, data)
        case MessageStruct() | EmailMessage() | TextMessage():
            detail = _message(type_, data, source)
        case _:
            detail = _detail(data, source, time)
            if isinstance(data, _SOURCED) and data.provenance is not None:
                origin = _origin(data.provenance)
    # A ruling goes by one of its two ids, whomever else its contact names.
    carried = 0 if isinstance(detail, LinkRuling) else carried_by(data.contact)
    arm = None
    if isinstance(data, _ARMING) and data.experiment is not None and type_ != "email.dropped":
        arm = _arm(data, data.experiment)
    if type_ == _IF_INACTIVE and isinstance(data, commands.ContactErasedIfInactive):
        since = parse_time(data.inactive_since) or -NEVER
        return ErasureIfInactive(type_, time, source, id_, appended_at, carried=carried, since=since)
    return Fact(type_, time, source, id_, appended_at, _zones(data.contact), detail, carried, arm, origin)


def _origin(said: Provenance | ProvenanceStruct) -> Origin:
    obtained_at = None if said.obtained_at is None else parse_time(said.obtained_at)
    notice = kept_notice(said.notice, said.notice_by, said.notice_at)
    roll = RollEntry(said.age_band, said.sex, said.polling_station)
    kept = None if roll == _NO_ROLL_ENTRY else roll
    return Origin(said.kind, obtained_at, said.file, notice, said.of_age, kept, said.purpose)


def _arm(data: InteractionData | DataStruct, given: ExperimentArm | UsualArm) -> CarriedVariant:
    """A list of households and turfs that somebody could read is not kept: 32 bits tell them apart well enough."""
    cluster = data.cluster if isinstance(data, ExperimentAssigned | AssignmentStruct) else None
    return CarriedVariant(
        given.id, given.variant, checksum_of(cluster), checksum_of(data.contact.household), checksum_of(data.turf)
    )


def _zones(contact: Contact | ContactStruct) -> Zones | None:
    if contact.region is None and contact.time_zone is None and contact.postal_code is None:
        return None
    return Zones(region=contact.region, time_zone=contact.time_zone, postal_code=contact.postal_code)


def _detail(data: InteractionData | DataStruct, source: str, time: int) -> Detail | None:
    match data:
        case DonationStruct() | DonationMade():
            return _gift(data)
        case ReportStruct() | CanvassReported():
            return _report(data, source)
        case DonationRefunded():
            return _refund(data)
        case PledgeChanged():
            return PledgeChange(data.pledge_id)
        case BallotReported():
            return Ballot(data.election, data.status)
        case EmailRefusal():
            return Consent("email", granted=False, list_id=data.list_id)
        case TextOptedOut():
            return Consent("text", granted=False, sender=data.sender)
        case ConsentChanged():
            return Consent(data.channel, data.granted, data.list_id, data.sender, _terms(data))
        case InteractionRetracted():
            return Retraction(data.retracts.source, data.retracts.id)
        case _:
            return _command(data, time)


def _terms(said: ConsentChanged) -> ConsentTerms | None:
    """A basis may be any text, so only one that cannot be an address is kept."""
    basis = said.basis if said.basis is not None and _is_label(said.basis) else None
    terms = ConsentTerms(said.purpose, said.controller, said.wording, said.proof, basis)
    return None if terms == _NO_TERMS else terms


def _command(data: InteractionData | DataStruct, time: int) -> Detail | None:
    match data:
        case commands.PairCommand():
            a, b = sorted(data.contact_ids)
            return LinkRuling(a, b, same=isinstance(data, commands.ContactLinked))
        case commands.ContactSuppressed():
            return Suppress(LIFTED if data.until is not None and parse_time(data.until) == time else data.until)
        case commands.ContactErased():
            return Erase()
        case commands.ContactProvenanceForgotten():
            return ForgetProvenance(data.kind, data.file)
        case commands.ContactPurposeForgotten():
            return ForgetPurpose(plain_purpose(data.purpose))
        case commands.ContactErasedIfInactive():
            return None
        case _ if isinstance(data, _BARE):
            return None
        case _:
            raise TypeError(f"{type(data).__name__}: nobody has said what is kept of it")


def _message(type_: str, data: EmailMessage | TextMessage | MessageStruct, source: str) -> Message:
    """Only a touch has a purpose and a team."""
    if type_ in SHOWS:
        purpose = None if data.purpose == "informational" else data.purpose
        return Message(data.message_id, purpose, _team(data, source))
    return Message(data.message_id, kind=data.kind if isinstance(data, EmailBounced) else None)


def _deed(type_: str, data: EmailOpened | MessageStruct) -> Deed:
    """The struct of all messages has a URL even where an open is said to have one, which means nothing."""
    url = data.url if type_ == "email.clicked" and isinstance(data, EmailClicked | MessageStruct) else None
    return Deed(data.message_id, data.machine, agent_of(data.user_agent), link_of(url))


def _team(data: InteractionData | DataStruct, source: str) -> str:
    """Empty for the one that everybody takes for the source's."""
    return data.team if data.team and data.team != team_of(source) else ""


def _gift(data: DonationMade | DonationStruct) -> Gift:
    return Gift(
        donation_id=data.donation_id,
        amount=data.amount,
        currency=data.currency,
        committee=data.committee,
        pledge_id=data.pledge_id,
        period=data.period,
        election=data.election,
        automatic=(data.instalment or 0) > 1,
    )


def _refund(data: DonationRefunded) -> Refund:
    return Refund(
        refund_id=data.refund_id,
        amount=data.amount,
        currency=data.currency,
        committee=data.committee,
        donation_id=data.donation_id,
    )


def _report(data: CanvassReported | ReportStruct, source: str) -> CanvassReport:
    return CanvassReport(
        method=data.method,
        outcome=data.outcome,
        report_id=data.report_id,
        support=data.support,
        answers=data.answers,
        tags_added=tuple(data.tags_added or ()),
        tags_removed=tuple(data.tags_removed or ()),
        team=_team(data, source),
    )
