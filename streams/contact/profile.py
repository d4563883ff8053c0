"""The value of `contact-state`: a pure function of the live facts and of what has settled, and of nothing else."""

from events.outputs import ContactProfile, EmailProfile
from events.times import render_time
from streams.contact.canvass import ballot, canvass, tags
from streams.contact.consent import consent
from streams.contact.donations import donations
from streams.contact.evidence import evidence
from streams.contact.live import live
from streams.contact.state import ContactState, Totals
from streams.contact.totals import add, total
from streams.contact.zones import later, render, whereabouts


def profile(contact_id: str, state: ContactState) -> ContactProfile:
    """The profile of `state`, with every key of the contract. Its `version` is the state's."""
    facts = live(state.facts.values())
    totals = add(total(facts), state.settled.totals)
    found = evidence(facts)
    consents = consent(found.consents)
    return {
        "contact_id": contact_id,
        "version": state.version,
        "first_seen": None if totals.first is None else render_time(totals.first),
        "last_seen": None if totals.last is None else render_time(totals.last),
        "counts": totals.counts,
        "email": _email(totals, subscribed=consents.get("email", True)),
        "donations": donations(found),
        "canvass": canvass(found.reports),
        "ballot": ballot(found.ballots),
        "tags": tags(found.reports),
        "experiments": [],
        "addresses": [],
        "zones": render(later(whereabouts(found.counted), state.settled.whereabouts)),
        "touches": [],
        "stops": {"senders": {}, "lists": {}},
        "pressure": {"points": {}, "as_of": None},
        "consent": consents,
        "merged_from": [],
    }


def _email(totals: Totals, *, subscribed: bool) -> EmailProfile:
    return {
        "subscribed": subscribed,
        "status": "ok",
        "last_opened_at": None if totals.last_opened is None else render_time(totals.last_opened),
        "last_clicked_at": None if totals.last_clicked is None else render_time(totals.last_clicked),
        "opens_human": 0,
        "clicks_human": 0,
    }
