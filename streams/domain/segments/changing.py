"""Which parts of what a plan reads an interaction may change: all others need not be read again after it."""

from collections.abc import Iterable, Sequence

from events.registry import ARRIVALS, ENGAGEMENTS, HUMAN_ANSWERS, SPECS, types_that
from streams.domain.contact.person_view import Overview
from streams.domain.contact.publication.suppressed_channels import may_close
from streams.domain.contact.sections.messages import KILLS, SHOWS, Message
from streams.domain.contact.sections.touches import LISTED
from streams.domain.contact.state import CanvassReport, ContactState, Fact
from streams.domain.segments.dials import Subject

_MONEY = types_that(lambda spec: spec.money)
_REPORT = frozenset({"canvass.reported"})
_TOUCHES = frozenset(SHOWS) | frozenset(KILLS)
_ACTS = frozenset(ENGAGEMENTS) | frozenset(ARRIVALS) | frozenset(HUMAN_ANSWERS)
_WORDS = types_that(lambda spec: spec.stop_reason)
_ALWAYS = types_that(lambda spec: spec.is_command) | frozenset({"interaction.retracted"})
"""Types after which everything may be otherwise."""

_TYPES: dict[Subject, frozenset[str]] = {
    "gifts": _MONEY,
    "reports": _REPORT,
    "touches": _TOUCHES | _REPORT,
    "opens": _ACTS,
    "clicks": _ACTS - {"email.opened"},
    "mails": _TOUCHES | _REPORT | _ACTS,
    "channels": _WORDS | _REPORT | frozenset(KILLS),
    "consents": _WORDS,
    "ballots": frozenset({"ballot.reported"}),
    "rolls": _MONEY | _REPORT,
    "experiments": _REPORT | frozenset({"email.dropped"}),
}
"""The types that may change what a subject says, whatever they carry.

An earlier version of a gift or report takes the place of one that says where it comes from, and with it a roll."""


class Changing:
    """The parts that interactions may change, as bits; `everything` has one bit more.

    Each may carry what no type tells: zones, a variant, an origin, a new identifier; and each was seen.
    """

    def __init__(self, parts: Sequence[tuple[Subject, str]]) -> None:
        self.everything = (1 << (len(parts) + 1)) - 1
        self._bits = {part: 1 << place for place, part in enumerate(parts)}
        self._zones, self._experiments = self._bit("zones"), self._bit("experiments")
        self._channels = self._bit("channels")
        self._rolls = self._bit("rolls")
        self._first, self._last = self._bit("seen", "first"), self._bit("seen", "last")
        self._acts = self._bit("opens") | self._bit("clicks")
        self._mails = self._bit("mails")
        self._touches = sum(bit for (subject, _), bit in self._bits.items() if subject == "touches")
        self._by_type = {spec.name: self._of_type(spec.name) for spec in SPECS}

    def _bit(self, subject: Subject, part: str = "") -> int:
        return self._bits.get((subject, part), 0)

    def _of_type(self, type_: str) -> int:
        if type_ in _ALWAYS:
            return self.everything
        channel = SHOWS.get(type_) or KILLS.get(type_)
        found = 0
        for (subject, part), bit in self._bits.items():
            if type_ in _TYPES.get(subject, ()) and not (
                subject == "touches" and channel and part not in ("", channel)
            ):
                found |= bit
        return found

    def by(self, applied: Iterable[Fact], known: Overview, before: ContactState, after: ContactState) -> int:
        """What facts may change that were just folded. `known`: the person after them; the states: of the fragment."""
        found = 0
        for fact in applied:
            found |= self._by_one(fact, known)
        if not found & self._channels and not _names_nobody_new(known, before, after):
            found |= self._channels
        return found

    def _by_one(self, fact: Fact, known: Overview) -> int:
        type_, found = fact.type, self._by_type[fact.type]
        if type_ in SHOWS:
            found &= ~self._left_alone_by(fact, known)
            if type_ == "email.delivered" and (known.found.failed or known.state.settled.mailboxes):
                found |= self._channels
        elif type_ == "canvass.reported" and not _may_close(fact):
            found &= ~self._channels
        elif type_ in HUMAN_ANSWERS and not known.acts:
            found &= ~(self._acts | self._mails)
        if fact.zones is not None and not _repeats_zones(fact, known):
            found |= self._zones
        if fact.arm is not None:
            found |= self._experiments
        if fact.origin is not None:
            found |= self._rolls
        facts = known.facts
        if not facts or fact.time >= facts[-1].time:
            found |= self._last
        if not facts or fact.time <= facts[0].time:
            found |= self._first
        return found

    def _left_alone_by(self, arrival: Fact, known: Overview) -> int:
        """What a word that a message went out leaves as it was: touches if it is not the first, acts if there are none.

        A text moves only how far back touches are listed, and only if not all of them are.
        """
        said, channel = arrival.detail, SHOWS[arrival.type]
        if not isinstance(said, Message):
            return 0
        shown = known.found.sent.get((channel, said.message_id))
        was_known = shown is not None and (shown.time, shown.source, shown.id) < arrival.stamp
        found = self._touches if was_known else 0
        if channel != "email":
            return found | self._mails if was_known or _are_all_listed(known) else found
        if any(act.message_id == said.message_id for act, _ in known.acts):
            return found
        return found | self._acts | (self._mails if was_known else 0)


def _repeats_zones(latest: Fact, known: Overview) -> bool:
    """Whether the latest fact says what the one before it said of where the person is."""
    facts = known.facts
    return len(facts) > 1 and facts[-1] is latest and facts[-2].zones == latest.zones


def _are_all_listed(known: Overview) -> bool:
    touches = known.touches
    return not touches or touches[-1].time >= touches[0].time - LISTED


def _may_close(report: Fact) -> bool:
    """Whether a report may say something of a channel or an address.

    One that takes the place of a later version is told by the facts that count no longer: see `_names_nobody_new`.
    """
    said = report.detail
    is_wrong = isinstance(said, CanvassReport) and said.outcome == "wrong_number"
    return is_wrong or may_close(report)


def _names_nobody_new(known: Overview, before: ContactState, after: ContactState) -> bool:
    """Whether surely no address is known now that was not before."""
    state = known.state
    if after.carried != before.carried or not (before.facts or before.settled.totals.counts):
        return False
    return not state.commands and len(known.found.counted) == len(state.facts)
