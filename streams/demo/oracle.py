"""A second opinion on every profile, written from the public contract and from nothing else.

It shares no code with the fold: it holds the whole list of what was sent, and answers each field with a plain loop over
it. Slower and simpler than the fold on purpose; where the two disagree, one of them misreads the contract.
"""

from collections.abc import Callable, Iterable

from streams.demo.recount import (
    Profile,
    Told,
    ballot,
    canvass,
    consent,
    counts,
    email,
    moment,
    one_version_each,
    tags,
    text_of,
    zones,
)
from streams.demo.recount_donations import donations
from streams.demo.recount_humans import humans
from streams.demo.truth import ContactFields, Sent


def recount(sent: Iterable[Sent], identify: Callable[[ContactFields], str]) -> dict[str, Profile]:
    """The profile (without `version`) of every contact of the accepted interactions `sent`, in the order published.

    `identify` gives the contact_id; the oracle does not know it, since the hash in it is keyed.
    """
    by_contact: dict[str, list[Sent]] = {}
    for one in sent:
        by_contact.setdefault(identify(one.contact), []).append(one)
    return {contact_id: _profile(contact_id, all_of_it) for contact_id, all_of_it in by_contact.items()}


def _profile(contact_id: str, sent: list[Sent]) -> Profile:
    told = _what_counts(sent)
    first = one_version_each(told)
    agreed = consent(first)
    return {
        "contact_id": contact_id,
        "first_seen": text_of(told[0].at) if told else None,
        "last_seen": text_of(told[-1].at) if told else None,
        "counts": counts(told),
        "email": email(first, agreed) | humans(first),
        "donations": donations(first),
        "canvass": canvass(first),
        "ballot": ballot(first),
        "tags": tags(first),
        "zones": zones(first),
        "consent": agreed,
        "experiments": [],
        "addresses": [],
        "touches": [],
        "stops": {"senders": {}, "lists": {}},
        "pressure": {"points": {}, "as_of": None},
        "merged_from": [],
    }


def _what_counts(sent: list[Sent]) -> list[Told]:
    """Each interaction once, none that was taken back, no retraction; by (time, source, id)."""
    once: dict[tuple[str, str], Sent] = {}
    for one in sent:
        if (one.source, one.id) not in once:
            once[one.source, one.id] = one
    taken_back = set()
    for one in once.values():
        if one.type == "interaction.retracted":
            taken_back.add((one.fields["retracts"]["source"], one.fields["retracts"]["id"]))
    told = []
    for name, one in once.items():
        if one.type != "interaction.retracted" and name not in taken_back:
            told.append(Told(moment(one.time), one.source, one.id, one.type, one.contact, one.fields))
    return sorted(told, key=lambda one: (one.at, one.source, one.id))
