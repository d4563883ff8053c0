"""Whether the system judges consent, provenance and retention of each French person as the oracle does."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from events.identifiers import Hasher, ref_of
from events.inactivity import InactivityRule
from events.outputs import ContactProfile
from events.provenance_rules import ProvenanceRule
from events.regimes import REGIMES
from events.times import render_time
from streams.demo.check import Difference
from streams.demo.french.recount_audience import why_out
from streams.demo.french.recount_rights import (
    QUESTIONS,
    RightsQuestion,
    came_of,
    is_silent,
    says_where_from,
    untold_sources,
    why_not,
)
from streams.demo.oracle import life_of
from streams.demo.recount import CountedEvent, Profile
from streams.demo.source_system import DAY, HOUR
from streams.demo.truth import ContactFields, Sent
from streams.domain.advertising.audience_gate import gate_rules, gate_verdict
from streams.domain.pressure import PermissionRequest, Policy, decide, default_policy
from streams.domain.pressure.conditions import conditions_on, unmet
from streams.domain.pressure.denials import judged_address
from streams.domain.pressure.notices import without_notice
from streams.domain.pressure.policy_values import SHORT_MONTH
from streams.domain.pressure.purposes import consent_denial
from streams.services.retention.due import due_items, inactive_items

WHERE = "rights"


class _Judging(NamedTuple):
    """By what the system judges, and for when, ms: a Tuesday at noon in Paris, or an hour before."""

    hasher: Hasher
    policy: Policy
    at: int

    @classmethod
    def of(cls, hasher: Hasher, today: int) -> "_Judging":
        weekday = (today // DAY + 3) % 7
        return cls(hasher, default_policy("fr"), today + (1 - weekday) % 7 * DAY + 10 * HOUR)


def wrong_rights(
    sent: Iterable[Sent], profiles: Mapping[str, Profile], hasher: Hasher, today: int
) -> Iterator[Difference]:
    """Every difference from the oracle, of everybody who is known. `today`: of the roll's end and of inactivity, ms."""
    judging = _Judging.of(hasher, today)
    for contact_id, told in sorted(_lives(sent, hasher).items()):
        known = cast(ContactProfile, profiles.get(contact_id))
        if known is not None:  # a profile that is missing is told of by the comparison of profiles
            yield from _consents(contact_id, told, known, judging)
            yield from _retention(contact_id, told, known, today)
            yield from _audience(contact_id, told, known, judging)
            yield from _notices(contact_id, told, known, today)


def _lives(sent: Iterable[Sent], hasher: Hasher) -> dict[str, Sequence[CountedEvent]]:
    by_contact: dict[str, list[Sent]] = {}
    for one in sent:
        by_contact.setdefault(_owner(one.contact), []).append(one)

    def identify(contact: ContactFields) -> str:
        return hasher.external("fichier", _owner(contact)) or ""

    found = {identify({"external": {"fichier": name}}): life_of(each, identify) for name, each in by_contact.items()}
    return {name: life.told for name, life in found.items() if life is not None}


def _owner(contact: ContactFields) -> str:
    return contact["external"]["fichier"]


def _consents(
    contact_id: str, told: Sequence[CountedEvent], known: ContactProfile, judging: _Judging
) -> Iterator[Difference]:
    def shown(contact: ContactFields) -> str | None:
        hashed = judging.hasher.phone(contact["phone"]) if "phone" in contact else None
        return None if hashed is None else ref_of(hashed)

    said = says_where_from(told, shown)
    phones: Sequence[str | None] = [each["ref"] for each in known["addresses"] if each["channel"] == "phone"]
    for question in QUESTIONS:
        for ref in phones if question.channel == "phone" else (None,):
            expected = why_not(told, question)
            if expected is None and ref is not None and ref not in said:
                expected = "no_provenance"
            found, allowed = _judged(known, question, ref, judging)
            name = f"{question.channel} {question.purpose}{' automatic' if question.automatic else ''}"
            if found != expected:
                yield Difference(WHERE, contact_id, name, expected, found)
            elif allowed and expected is not None:
                yield Difference(WHERE, contact_id, name, expected, "allowed")


def _judged(
    known: ContactProfile, question: RightsQuestion, ref: str | None, judging: _Judging
) -> tuple[str | None, bool]:
    """What is lacking by the policy, and whether the person would be reached."""
    request = PermissionRequest(
        channel=question.channel,  # type: ignore[arg-type]  # the oracle knows no channels
        purpose=question.purpose,  # type: ignore[arg-type]
        team="digital",
        automatic=question.automatic,
        ref=ref,
    )
    policy = judging.policy
    rules, address = policy.closures.consent, judged_address(known, request.channel, ref)
    no = None
    if request.channel in policy.closures.needs_consent:
        no = consent_denial(known, request, rules)
    no = no or unmet(known, request, conditions_on(request, policy), address, rules, at=judging.at)
    allowed = decide(known, policy, request, judging.at).decision == "allow"
    return (None if no is None else no.reason), allowed


def _audience(
    contact_id: str, told: Sequence[CountedEvent], known: ContactProfile, judging: _Judging
) -> Iterator[Difference]:
    rules = gate_rules(judging.policy.closures.consent, REGIMES["fr"].refused_sources.split())
    found, expected = gate_verdict(known, rules, judging.at), why_out(told) or "admitted"
    if found.why != expected:
        yield Difference(WHERE, contact_id, "audience", expected, found.why)


def _retention(
    contact_id: str, told: Sequence[CountedEvent], known: ContactProfile, today: int
) -> Iterator[Difference]:
    until = today - 30 * DAY
    for kind in ("voter_list", "rented", "self"):
        expected, found = (
            came_of(told, kind, render_time(until)),
            bool(due_items(known, ProvenanceRule(kind, None, until))),
        )
        if expected != found:
            yield Difference(WHERE, contact_id, f"due: {kind}", expected, found)
    silent = today - REGIMES["fr"].inactivity_days * DAY
    expected, found = is_silent(told, render_time(silent)), bool(inactive_items(known, InactivityRule(silent)))
    if expected != found:
        yield Difference(WHERE, contact_id, "due: inactive", expected, found)


def _notices(contact_id: str, told: Sequence[CountedEvent], known: ContactProfile, today: int) -> Iterator[Difference]:
    expected = untold_sources(told, render_time(today - SHORT_MONTH))
    found = {(item["kind"], item.get("file")) for item in without_notice(known, today, SHORT_MONTH)}
    if expected != found:
        yield Difference(WHERE, contact_id, "no notice", sorted(map(str, expected)), sorted(map(str, found)))
