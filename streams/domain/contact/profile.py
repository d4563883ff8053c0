"""The value of `contact-state`: a pure function of the live facts and of what has settled, and of nothing else."""

from collections.abc import Collection
from typing import NotRequired, TypedDict

from events.outputs import AddressStatus, ContactProfile, EmailProfile
from events.times import render_time
from streams.domain.contact.person_view import Overview, overview
from streams.domain.contact.publication.suppressed_channels import suppressions, unretracted
from streams.domain.contact.sections import assignments as assigning
from streams.domain.contact.sections import touches as reaching
from streams.domain.contact.sections.activity import last_act, last_act_of
from streams.domain.contact.sections.addresses import addresses, best_email
from streams.domain.contact.sections.canvass import ballot, canvass, tags
from streams.domain.contact.sections.consent import consent
from streams.domain.contact.sections.consent_ledger import consent_ledger, told_words
from streams.domain.contact.sections.donations import donations
from streams.domain.contact.sections.pressure import pressure
from streams.domain.contact.sections.provenance import provenance
from streams.domain.contact.sections.stops import stops
from streams.domain.contact.sections.totals import add, total
from streams.domain.contact.sections.zones import later, render, whereabouts
from streams.domain.contact.state import ActivityTotals, ContactState, Fact
from streams.domain.human import expected


class _Activity(TypedDict):
    last_active_at: NotRequired[str]


def profile(contact_id: str, state: ContactState) -> ContactProfile:
    """The profile of `state`, with every key of the contract. Its `version` is the state's."""
    return profile_of(contact_id, overview(state))


def profile_of(contact_id: str, known: Overview, cut_from: Collection[ContactState] | None = None) -> ContactProfile:
    """The same of what was sorted out already. `cut_from`: all of the person, where `known` leaves something out.

    Their last act is that of all of them: who is not shown whole would else be inactive too early, and be erased; and
    what is left of a fact can look like an act that it was not.
    """
    state, found = known.state, known.found
    totals = add(total(known.facts), state.settled.totals)
    consents = consent(found.consents)
    addressed = addresses(contact_id, state, found)
    touched = reaching.listed(known.touches)
    opens, clicks = expected(known.acts)
    shown: ContactProfile = {
        "contact_id": contact_id,
        "version": state.version,
        "first_seen": None if totals.first is None else render_time(totals.first),
        "last_seen": None if totals.last is None else render_time(totals.last),
        **_activity(last_act(known.facts, state.settled) if cut_from is None else last_act_of(cut_from)),  # type: ignore[typeddict-item]  # it has no other keys
        "counts": totals.counts,
        "email": email(
            totals,
            (state.settled.opens_human + opens, state.settled.clicks_human + clicks),
            subscribed=consents.get("email", True),
            status=best_email(addressed),
        ),
        "donations": donations(found),
        "canvass": canvass(found.reports),
        "ballot": ballot(found.ballots),
        "tags": tags(found.reports),
        "experiments": assigning.render(known.assigned),
        "addresses": addressed,
        "zones": render(later(whereabouts(found.counted), state.settled.whereabouts)),
        "touches": reaching.render(touched),
        "stops": stops(found, _suppressions(state)),
        "pressure": pressure(touched),
        "consent": consents,
        "merged_from": [],
    }
    if found.consents:
        words = told_words(found.consents)
        shown["consent_ledger"] = consent_ledger(words)
        if len(words) < len(found.consents):
            shown["consent_ledger_left_out"] = len(found.consents) - len(words)
    if found.origins:
        shown["provenance"], left_out = provenance(contact_id, state, found.origins)
        if left_out:
            shown["provenance_left_out"] = left_out
    return shown


def _activity(at: int | None) -> _Activity:
    return {} if at is None else {"last_active_at": render_time(at)}


def email(totals: ActivityTotals, human: tuple[int, int], *, subscribed: bool, status: AddressStatus) -> EmailProfile:
    """The profile's `email`. `human`: opens and clicks, in thousandths; `totals`: with what has settled, as `human`."""
    return {
        "subscribed": subscribed,
        "status": status,
        "last_opened_at": None if totals.last_opened is None else render_time(totals.last_opened),
        "last_clicked_at": None if totals.last_clicked is None else render_time(totals.last_clicked),
        "opens_human": human[0] / 1_000,
        "clicks_human": human[1] / 1_000,
    }


def _suppressions(state: ContactState) -> list[Fact]:
    if not state.commands:
        return []
    return unretracted(suppressions(state.commands.values()), state.facts.values())
