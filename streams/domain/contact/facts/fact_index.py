"""An index of the live facts by kind, built in one pass for all sections of a profile.

Two reports of one gift, refund or visit are one; the earliest version is the one that counts. The others are seen in
`counts` and `last_seen` only, so they are left out here.
"""

from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct

from events.experiments.metrics import HAPPENED
from events.interactions.base import Channel
from streams.domain.contact.facts.command_details import (
    Erase,
    ForgetProvenance,
    ForgetPurpose,
    ForgottenInteraction,
    LinkRuling,
    Suppress,
)
from streams.domain.contact.facts.engagement import Deed
from streams.domain.contact.sections.messages import KILLS, SHOWS, Message, MessageKey, Touch
from streams.domain.contact.state import (
    Ballot,
    CanvassReport,
    Consent,
    Detail,
    Fact,
    Gift,
    PledgeChange,
    Refund,
    Retraction,
)


class FactIndex(Struct, gc=False):
    """Live facts by kind, each in order; `gifts` and `refunds` by their ids. `counted`: all but later versions.

    `sent`: by message the earliest word that it reached somebody; `failed`: those that say that it did not. `deeds`:
    opens and clicks. `happened`: what a metric of experiments counts whatever it says. `arms`: all that carry one, of
    reports the first version. `origins`: all that say where they come from.
    """

    counted: list[Fact] = []
    sent: dict[MessageKey, Touch] = {}
    failed: list[tuple[Channel, Fact, Message]] = []
    deeds: list[Fact] = []
    gifts: dict[str, tuple[Fact, Gift]] = {}
    refunds: dict[str, tuple[Fact, Refund]] = {}
    pledge_changes: list[tuple[Fact, PledgeChange]] = []
    reports: list[tuple[Fact, CanvassReport]] = []
    ballots: list[tuple[Fact, Ballot]] = []
    consents: list[tuple[Fact, Consent]] = []
    report_ids: set[str] = set()
    happened: list[Fact] = []
    arms: list[Fact] = []
    origins: list[Fact] = []

    def take(self, fact: Fact, detail: Detail) -> bool:
        """False: a later version of something that is there already."""
        match detail:
            case Gift():
                return self.gifts.setdefault(detail.donation_id, (fact, detail))[0] is fact
            case Refund():
                return self.refunds.setdefault(detail.refund_id, (fact, detail))[0] is fact
            case CanvassReport():
                return self._take_report(fact, detail)
            case PledgeChange():
                self.pledge_changes.append((fact, detail))
            case Ballot():
                self.ballots.append((fact, detail))
            case Consent():
                self.consents.append((fact, detail))
            case Retraction() | LinkRuling() | Suppress() | Erase():
                pass  # as below
            case ForgetProvenance() | ForgetPurpose() | ForgottenInteraction():
                pass  # as below
            case Message() | Deed():
                pass  # of commands and retractions no section tells; messages are sorted by whoever calls
            case _:
                assert_never(detail)
        return True

    def _take_report(self, fact: Fact, report: CanvassReport) -> bool:
        if report.report_id is not None:
            if report.report_id in self.report_ids:
                return False
            self.report_ids.add(report.report_id)
        self.reports.append((fact, report))
        return True


def touch_of(channel: Channel, fact: Fact, message: Message) -> Touch:
    """What a `sent` or `delivered` shows."""
    return Touch(fact.time, fact.source, fact.id, channel, message.purpose or "informational", message.team)


def index_facts(live: Sequence[Fact]) -> FactIndex:
    """The index of `live` facts, which are in order."""
    found = FactIndex()
    for fact in live:
        detail = fact.detail
        if type(detail) is Message:
            _take_message(found, fact, detail)
        elif type(detail) is Deed:
            found.deeds.append(fact)
        elif detail is not None and not found.take(fact, detail):
            continue
        elif fact.type in HAPPENED:
            found.happened.append(fact)
        found.counted.append(fact)
        if fact.arm is not None:
            found.arms.append(fact)
        if fact.origin is not None:
            found.origins.append(fact)
    return found


def _take_message(found: FactIndex, fact: Fact, message: Message) -> None:
    if (channel := SHOWS.get(fact.type)) is not None:
        key = channel, message.message_id
        if key not in found.sent:
            found.sent[key] = touch_of(channel, fact, message)
    elif (channel := KILLS.get(fact.type)) is not None:
        found.failed.append((channel, fact, message))
