"""The audience gate: whether a person may be in an audience for political ads online.

By where they come from, by what they have agreed to, and by whether a producer says that they are of age. What these
ask for follows Regulation (EU) 2024/900, Article 18; docs/audiences.md says what remains a human's judgement.
"""

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple, get_args

from events.channels import NO_MESSAGE, Channel, plain_purpose
from events.outputs import Address, ConsentWord, ContactProfile, ProvenanceItem
from events.times import parse_time
from streams.domain.pressure.asking import Evidence, KnownProfile
from streams.domain.pressure.policy import ConsentRules
from streams.domain.pressure.purposes import counts_as_consent, is_of_channel

ADS = NO_MESSAGE
"""The purpose of consent that ads online need: no other yes implies it."""

EXPLICIT = ("consent",)
"""The bases of a yes that are an explicit consent."""

Why = Literal[
    "admitted",
    "unknown_contact",
    "erased",
    "closed",
    "wrong_number",
    "no_direct_collection",
    "consent_withdrawn",
    "no_consent",
    "under_age",
    "age_unknown",
]
"""The first thing that speaks against a person, in this order; docs/audiences.md says what each means."""


class GateVerdict(NamedTuple):
    """Whether somebody is admitted, or else why not, and which interactions say so."""

    why: Why
    evidence: tuple[Evidence, ...] = ()

    @property
    def is_admitted(self) -> bool:
        """Whether nothing speaks against the person."""
        return self.why == "admitted"


class GateRules(NamedTuple):
    """What the gate asks. `consent`: which yes is one. `refused`: kinds of source whose word on age is none."""

    consent: ConsentRules
    refused: Collection[str] = ()


ADMITTED = GateVerdict("admitted")


def gate_rules(consent: ConsentRules, refused: Collection[str]) -> GateRules:
    """The rules of a deployment: those of its policy for consent, which has to be explicit whatever the policy says."""
    return GateRules(consent.model_copy(update={"bases": EXPLICIT}), refused)


def gate_verdict(
    known: KnownProfile, rules: GateRules | None, at: int, refs: Collection[str] | None = None
) -> GateVerdict:
    """Whether a person may be in an audience for ads at a time (ms).

    `rules` None: the gate is not asked, and only who is closed to everybody is refused. `refs`: the address by which
    the person is to be matched, under each key; it has to be one that they gave themselves. None: no address.
    """
    if known is None:
        return GateVerdict("unknown_contact")
    if known == "erased":
        return GateVerdict("erased")
    if (stop := known["stops"].get("all")) is not None and not _is_over(stop.get("until"), at):
        return GateVerdict("closed", (Evidence(stop["source"], stop["id"]),))
    if rules is None:
        return ADMITTED
    return (
        _number_verdict(known.get("addresses", ()), refs)
        or _provenance_verdict(known.get("provenance", ()), refs)
        or _consent_verdict(known, rules.consent)
        or _age_verdict(known.get("provenance", ()), rules.refused)
        or ADMITTED
    )


class NamedPerson(NamedTuple):
    """Who is known under one identifier. `refs`: of an address, under each key; None: it is none."""

    known: KnownProfile
    refs: Collection[str] | None = None


def verdict_on(named: Sequence[NamedPerson], rules: GateRules | None, at: int) -> GateVerdict:
    """The verdict on somebody who is named by several identifiers, which need not lead to one person.

    Everybody who is known under one of them has to be admitted, and where the gate is asked, somebody has to be known
    under each: whatever a column of ids is called, an address may stand in it.
    """
    known = [each for each in named if each.known is not None]
    if not known:
        return GateVerdict("unknown_contact")
    verdicts = [gate_verdict(each.known, rules, at, each.refs) for each in known]
    if (refused := next((verdict for verdict in verdicts if not verdict.is_admitted), None)) is not None:
        return refused
    if rules is None or len(known) == len(named):
        return ADMITTED
    is_address = any(each.known is None and each.refs is not None for each in named)
    return GateVerdict("no_direct_collection" if is_address else "unknown_contact")


def _number_verdict(addresses: Sequence[Address], refs: Collection[str] | None) -> GateVerdict | None:
    """Whether the number by which the person is to be matched is somebody else's, as a canvasser was told."""
    if any(each["status"] == "wrong_number" and each["ref"] in (refs or ()) for each in addresses):
        return GateVerdict("wrong_number")
    return None


def _provenance_verdict(items: Sequence[ProvenanceItem], refs: Collection[str] | None) -> GateVerdict | None:
    """Why it was not the person who gave this address, or (without one) anything at all; None: it was."""
    told = [item for item in items if refs is None or any(each["ref"] in refs for each in item["addresses"])]
    if any(item["kind"] == "self" for item in told):
        return None
    return GateVerdict("no_direct_collection", _evidence(told))


def _consent_verdict(known: ContactProfile, rules: ConsentRules) -> GateVerdict | None:
    """Why no consent to ads holds; None: one does. A no to ads ends every yes before it, on whatever channel it is.

    So does a no to the whole channel of the yes, and of a yes on `all` noes to each channel. Doubt is a no: of equal
    times, and of a no to one list or sender.
    """
    ledger = known.get("consent_ledger", ())
    about_ads = [word for word in ledger if plain_purpose(word.get("purpose", "")) == ADS]
    noes = [word for word in about_ads if not word["granted"]]
    yeses = [word for word in about_ads if word["granted"] and "list_id" not in word and "sender" not in word]
    held = [yes for yes in yeses if not _ending(ledger, yes)]
    if any(counts_as_consent(yes, rules) for yes in held):
        return None
    if held or not (yeses or noes):
        return GateVerdict("no_consent", _evidence(held))
    ending = noes or [no for yes in yeses for no in _ending(ledger, yes)]
    return GateVerdict("consent_withdrawn", _evidence(ending[-1:]))


def _ending(ledger: Sequence[ConsentWord], yes: ConsentWord) -> list[ConsentWord]:
    """The noes that end a yes; none: it holds."""
    later = [word for word in ledger if not word["granted"] and word["at"] >= yes["at"]]
    about = [no for no in later if plain_purpose(no.get("purpose", "")) == ADS or is_of_channel(no, yes["channel"])]
    if about or yes["channel"] != "all":
        return about
    closing = [[no for no in later if is_of_channel(no, channel)] for channel in get_args(Channel)]
    return [no for noes in closing for no in noes] if all(closing) else []


def _age_verdict(items: Sequence[ProvenanceItem], refused: Collection[str]) -> GateVerdict | None:
    """Why nobody's word makes the person of age; None: the last word does. Of equal times the no counts."""
    young = [item for item in items if item.get("of_age") is False]
    grown = [item for item in items if item.get("of_age") is True and item["kind"] not in refused]
    last_no = max((item["last_at"] for item in young), default="")
    if max((item["last_at"] for item in grown), default="") > last_no:
        return None
    return GateVerdict("under_age", _evidence(young)) if young else GateVerdict("age_unknown")


def _evidence(said: Sequence[ConsentWord] | Sequence[ProvenanceItem]) -> tuple[Evidence, ...]:
    return tuple(sorted(Evidence(each["source"], each["id"]) for each in said))


def _is_over(until: str | None, at: int) -> bool:
    end = None if until is None else parse_time(until)
    return end is not None and end <= at
