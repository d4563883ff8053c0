"""The test oracle: recounts every profile from the public contract alone, and shares no code with the fold.

It holds the whole list of interactions and answers each field with a plain loop over it: slower and simpler than the
fold on purpose. Where the two disagree, one of them misreads the contract.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import cast

from streams.demo.recount import (
    CountedEvent,
    Profile,
    consent,
    counts,
    email,
    last_active,
    moment,
    of_type,
    one_version_each,
    sections,
    text_of,
)
from streams.demo.recount_addresses import addresses, best_email
from streams.demo.recount_consents import consent_ledger
from streams.demo.recount_donations import donations
from streams.demo.recount_experiments import Arm, Definition, added_up, experiments, person
from streams.demo.recount_humans import humans
from streams.demo.recount_provenance import provenance
from streams.demo.recount_segments import Life
from streams.demo.recount_stops import stops, suppressions
from streams.demo.recount_touches import listed_touches, pressure, touches
from streams.demo.truth import ContactFields, Sent

_COMMAND = "contact."


def recount(sent: Iterable[Sent], identify: Callable[[ContactFields], str]) -> dict[str, Profile]:
    """The profile (without `version`) of every contact of the accepted interactions `sent`, in the order published.

    `identify` gives the contact_id, and the hash of an e-mail address or a phone number that is named alone; the oracle
    knows neither, since the hash is keyed. Of commands it takes `contact.suppressed`; for who has a profile see
    `is_known`.
    """
    by_contact: dict[str, list[Sent]] = {}
    for one in sent:
        by_contact.setdefault(identify(one.contact), []).append(one)
    return {
        contact_id: profile_of(contact_id, all_of_it, identify)
        for contact_id, all_of_it in by_contact.items()
        if is_known(all_of_it)
    }


def is_known(sent: Iterable[Sent]) -> bool:
    """Whether a person with these interactions, all there are, has a profile.

    For that an interaction other than a command has to be among them, retracted or not, or a suppression. A suppression
    that was retracted counts for nothing, and neither does its retraction.
    """
    suppressed, taken_back, happened = set(), set(), False
    all_of_it = list(sent)
    for one in all_of_it:
        if one.type == "contact.suppressed":
            suppressed.add((one.source, one.id))
    for one in all_of_it:
        if one.type == "interaction.retracted":
            name = one.fields["retracts"]["source"], one.fields["retracts"]["id"]
            taken_back.add(name)
            happened = happened or name not in suppressed
        elif not one.type.startswith(_COMMAND):
            happened = True
    return happened or bool(suppressed - taken_back)


def profile_of(contact_id: str, sent: list[Sent], identify: Callable[[ContactFields], str]) -> Profile:
    """The profile of one person from all interactions of theirs, under whatever identifier."""
    everything = _what_counts(sent)
    told = [one for one in everything if not one.type.startswith(_COMMAND)]
    first = one_version_each(told)
    agreed = consent(first)
    known, recent = addresses(first, identify), listed_touches(first)
    return {
        "contact_id": contact_id,
        "first_seen": text_of(told[0].at) if told else None,
        "last_seen": text_of(told[-1].at) if told else None,
        **last_active(told),
        "counts": counts(told),
        "email": email(first, agreed, best_email(known)) | humans(first),
        "donations": donations(first),
        **sections(first),
        **consent_ledger(first),
        **provenance(first, identify),
        "consent": agreed,
        "experiments": experiments(first),
        "addresses": known,
        "touches": touches(recent),
        "stops": stops(first, of_type(everything, "contact.suppressed")),
        "pressure": pressure(recent),
        "merged_from": [],
    }


def life_of(sent: list[Sent], identify: Callable[[ContactFields], str]) -> Life | None:
    """What counts of one person for segments, from all interactions of theirs; None: nobody is shown."""
    if not is_known(sent):
        return None
    everything = _what_counts(sent)
    told = [one for one in everything if not one.type.startswith(_COMMAND)]
    return Life(told, one_version_each(told), of_type(everything, "contact.suppressed"), identify)


def experiment_results(
    people: Iterable[list[Sent]], definitions: Mapping[str, Definition]
) -> dict[str, dict[str, Arm]]:
    """The results of all experiments by variant; `people`: all interactions of each person.

    `definitions`: by experiment; those that are not in it have the defaults.
    """
    return added_up(person(one_version_each(_what_counts(sent)), definitions) for sent in people)


def closed_channels(sent: list[Sent]) -> Profile:
    """The record of `contact-suppressions` for one person from all interactions of theirs; empty where that is null."""
    everything = _what_counts(sent)
    told = one_version_each([one for one in everything if not one.type.startswith(_COMMAND)])
    return {**suppressions(stops(told, of_type(everything, "contact.suppressed")))}


def all_closed_channels(profiles: Mapping[str, Profile]) -> dict[str, Profile]:
    """The records of `contact-suppressions` of all profiles that `recount` has answered, where they are not null."""
    found = {name: suppressions(cast(Mapping[str, object], one["stops"])) for name, one in profiles.items()}
    return {name: {**closed} for name, closed in found.items() if closed}


def _what_counts(sent: list[Sent]) -> list[CountedEvent]:
    """The interactions that count: each once, without retracted ones and retractions; by (time, source, id).

    Of copies the first counts, and where they differ in nothing but their times the earliest.
    """
    once: dict[tuple[str, str], Sent] = {}
    for one in sent:
        first = once.setdefault((one.source, one.id), one)
        if moment(one.time) < moment(first.time) and _at(one.time, first) == _at(one.time, one):
            once[one.source, one.id] = _at(one.time, one)
    taken_back = set()
    for one in once.values():
        if one.type == "interaction.retracted":
            taken_back.add((one.fields["retracts"]["source"], one.fields["retracts"]["id"]))
    told = []
    for name, one in once.items():
        if one.type != "interaction.retracted" and name not in taken_back:
            told.append(CountedEvent(moment(one.time), one.source, one.id, one.type, one.contact, one.fields))
    return sorted(told, key=lambda one: (one.at, one.source, one.id))


def _at(time: str, one: Sent) -> Sent:
    """The same on any topic, at another time. A suppression that ends as it begins still does."""
    until = one.fields.get("until")
    fields = one.fields
    if one.type == "contact.suppressed" and until is not None and moment(until) == moment(one.time):
        fields = {**fields, "until": time}
    return replace(one, topic="", time=time, fields=fields)
