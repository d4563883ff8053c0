"""Whether a person meets the conditions of a policy: consent, where they come from, whether they were told so."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from events.outputs import ContactProfile, ProvenanceItem
from events.provenance_kinds import FORGOTTEN
from streams.domain.pressure.asking import Decision, Evidence, PermissionRequest
from streams.domain.pressure.denials import JudgedAddress
from streams.domain.pressure.notices import without_notice
from streams.domain.pressure.policy import ConsentRules, Policy
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.domain.pressure.purposes import consent_denial


def conditions_on(request: PermissionRequest, policy: Policy) -> tuple[PolicyCondition, ...]:
    """The conditions that a request has to meet, in the order of the file.

    A call that is not said to be somebody's own may be a machine's.
    """
    return tuple(
        condition
        for condition in policy.conditions
        if condition.channel == request.channel
        and (not condition.purposes or request.purpose in condition.purposes)
        and (not condition.automatic or request.automatic is not False)
    )


def asks_for_notice(conditions: Iterable[PolicyCondition]) -> bool:
    """Whether any of them asks that people are told where their data come from."""
    return any(condition.require == "notice" for condition in conditions)


def unmet(  # noqa: PLR0913 (each is a part of the question)
    profile: ContactProfile,
    request: PermissionRequest,
    conditions: Sequence[PolicyCondition],
    address: JudgedAddress,
    rules: ConsentRules,
    *,
    at: int,
    aside: Collection[str] = (),
) -> Decision | None:
    """Why a person may not be reached at a time (ms) by the first condition that is not met; None: all are.

    `aside`: kinds of source by which nobody is reached, so of which no notice is asked.
    """
    for condition in conditions:
        if condition.require == "provenance":
            no = _provenance_denial(profile, condition, address)
        elif condition.require == "notice":
            no = notice_denial(without_notice(profile, at, condition.within, aside))
        else:
            no = consent_denial(profile, request, _rules_of(condition, rules), condition.consent_to)
        if no is not None:
            return no
    return None


def first_meeting(
    profile: ContactProfile, addresses: Sequence[JudgedAddress], conditions: Sequence[PolicyCondition]
) -> JudgedAddress | None:
    """The first of the addresses that meets each condition on where it comes from; None: none does."""
    asked = [condition for condition in conditions if condition.require == "provenance"]
    for address in addresses if asked else ():
        if all(_provenance_denial(profile, condition, address) is None for condition in asked):
            return address
    return None


def unmet_by_a_stranger(conditions: Sequence[PolicyCondition]) -> Decision | None:
    """The same of somebody of whom nothing is known: who has said nothing meets none but that of a notice.

    There is nothing of them that came from anywhere.
    """
    for condition in conditions:
        if condition.require != "notice":
            return Decision("deny", "no_consent" if condition.require == "consent" else "no_provenance")
    return None


def _rules_of(condition: PolicyCondition, rules: ConsentRules) -> ConsentRules:
    return rules.model_copy(update={"bases": condition.bases}) if condition.bases else rules


def _provenance_denial(profile: ContactProfile, condition: PolicyCondition, address: JudgedAddress) -> Decision | None:
    """Evidence: whatever the address, or the person, is said to come from instead."""
    said = [*_said_of(profile, address)]
    if any(not condition.sources or item["kind"] in condition.sources for item in said):
        return None
    return Decision("deny", "no_provenance", tuple(sorted(Evidence(item["source"], item["id"]) for item in said)))


def notice_denial(untold: Iterable[ProvenanceItem]) -> Decision | None:
    """Evidence: what came from elsewhere, and of which nobody has told the person."""
    late = {Evidence(item["source"], item["id"]) for item in untold}
    return Decision("deny", "no_notice", tuple(sorted(late))) if late else None


def _said_of(profile: ContactProfile, address: JudgedAddress) -> Iterator[ProvenanceItem]:
    """Where an address comes from; without one where anything of the person does, but for what was forgotten."""
    for item in profile.get("provenance", ()):
        if item["kind"] == FORGOTTEN:
            continue
        if address.ref is None or any(each["ref"] in (address.ref, *address.refs) for each in item["addresses"]):
            yield item
