"""Builds the output records of the contacts agent from what is to be announced of a contact."""

from collections.abc import Sequence

import orjson
from msgspec import Struct

from events.identity_links import IdentityLink, write_link
from events.outputs import Alert, ContactLink, ContactProfile
from events.times import render_time
from events.topics import (
    CAMPAIGN_COUNTS,
    CONTACT_ALERTS,
    CONTACT_FRAGMENTS,
    CONTACT_LINKS,
    CONTACT_STATE,
    CONTACT_SUPPRESSIONS,
    IDENTITY_LINKS,
)
from sinks.keys import partition_of
from streams.domain.campaigns import CampaignCounts, write_counts
from streams.domain.contact import ContactState, encode
from streams.domain.contact.derived_view import DerivedView
from streams.domain.contact.identity.identity_assignment import part_key
from streams.domain.contact.merging import person
from streams.domain.contact.person_view import Overview, overview
from streams.domain.contact.profile import profile_of
from streams.domain.contact.publication.change_events import (
    Announcement,
    Channels,
    FragmentChange,
    Gone,
    Merged,
    Profiled,
    Receipt,
)
from streams.domain.contact.publication.size_limit import shorter_and_shorter
from streams.domain.contact.publication.suppressed_channels import render
from streams.engine.writer import Headers, Output
from streams.worker.agents.contacts.alert_records import alert_id, trigger_headers

GENERATION_BITS = 40
"""`version` = generation · 2^40 + a counter for each contact."""

_POLICY = 1
"""Version of the rule by which an erasure is an alert; no policy has a word in it."""


LARGEST_PROFILE = 7 << 20
"""Bytes of a profile of several fragments, at most: `contact-state` takes no record that is larger than 8 MiB."""


class RecordBuilder(Struct):
    """Builds the records of one of `partitions` partitions; `generation` is that of the tables.

    `cut`: how many profiles were built that leave out part of what is known, as too much for one record.
    """

    partition: int
    partitions: int
    generation: int
    cut: int = 0

    def profiled(self, contact_id: str, known: Overview, stamps: Headers = ()) -> Output:
        """The record of `contact-state` of a contact who is one fragment."""
        number = self.number(known.state.version)
        return self._profile(contact_id, _written(profile_of(contact_id, known), number), number, stamps)

    def stepped(self, key: bytes, view: DerivedView, counter: int, stamps: Headers = ()) -> Output:
        """The same record by the view of the contact's state. `counter`: the state's version."""
        number = self.number(counter)
        headers = [("version", b"%d" % number), *stamps]
        return Output(CONTACT_STATE, self.partition, key, view.profile(number), headers)

    def alerted(self, alert: Alert) -> Output:
        """The record of `contact-alerts` of an alert."""
        return self._own(CONTACT_ALERTS, alert["contact_id"], alert)

    def announced(self, contact_id: str, said: Announcement, state: ContactState, stamps: Headers = ()) -> Output:
        """The record of one announcement; `state`: of the fragment after it. `stamps`: headers to send along."""
        match said:
            case Profiled():
                return self._profile(contact_id, self._person(contact_id, said), self.number(said.version), stamps)
            case Gone():
                why = [("reason", said.reason.encode())]
                into = [] if said.merged_into is None else [("merged_into", said.merged_into.encode())]
                return self._own(CONTACT_STATE, contact_id, None, [self._version(said.version), *why, *into])
            case Merged():
                link: ContactLink | None = None if said.into is None else {"merged_into": said.into}
                return self._own(CONTACT_LINKS, contact_id, link, [self._version(said.version)])
            case Channels():
                return self._own(CONTACT_SUPPRESSIONS, contact_id, render(said.closed) or None)
            case FragmentChange():
                value = encode(state) if said.is_there else None
                headers = [("version", b"%d" % said.version), *trigger_headers(said.triggers), *stamps]
                where = partition_of(said.roof, self.partitions)
                return Output(CONTACT_FRAGMENTS, where, part_key(said.roof, contact_id), value, headers)
            case Receipt():
                return self.alerted(_receipt(contact_id, said))

    def _person(self, contact_id: str, said: Profiled) -> bytes:
        """The profile of all fragments of a person, or as much of it as has room in a record."""
        value, number = b"", self.number(said.version)
        for shown in shorter_and_shorter(said.person):
            is_cut = shown != said.person
            profile = profile_of(contact_id, overview(person(shown)), said.person.values() if is_cut else None)
            value = _written(profile, number, said.merged_from)
            if len(value) <= LARGEST_PROFILE:
                self.cut += is_cut
                break
        return value

    def _profile(self, contact_id: str, value: bytes, number: int, stamps: Headers) -> Output:
        headers = [("version", b"%d" % number), *stamps]
        return Output(CONTACT_STATE, self.partition, contact_id.encode(), value, headers)

    def _own(self, topic: str, contact_id: str, value: object, headers: Headers = ()) -> Output:
        """A record in the topic's partition of this one's number; `value` None is a null."""
        return Output(
            topic, self.partition, contact_id.encode(), None if value is None else orjson.dumps(value), headers
        )

    def number(self, counter: int) -> int:
        """The version that others read, from one of this generation."""
        return (self.generation << GENERATION_BITS) + counter

    def _version(self, counter: int) -> tuple[str, bytes]:
        return "version", b"%d" % self.number(counter)


def _written(profile: ContactProfile, number: int, merged_from: Sequence[str] = ()) -> bytes:
    profile["version"] = number
    if merged_from:
        profile["merged_from"] = list(merged_from)
    return orjson.dumps(profile)


def link_record(link: IdentityLink) -> Output:
    """The record of `identity-links` that tells the links agent of a link."""
    key, value = write_link(link)
    return Output(IDENTITY_LINKS, 0, key, value)


def campaign_counts_record(campaign: str, counts: CampaignCounts) -> Output:
    """The record of `campaign-counts` that tells the campaigns agent what a chunk has counted."""
    return Output(CAMPAIGN_COUNTS, 0, campaign.encode(), write_counts(counts))


def _receipt(contact_id: str, said: Receipt) -> Alert:
    erasure = said.erasure
    return {
        "alert_id": alert_id("erased", contact_id, erasure.source, erasure.id, _POLICY),
        "rule": "erased",
        "contact_id": contact_id,
        "at": render_time(erasure.time),
        "evidence": [{"source": erasure.source, "id": erasure.id}],
        "detail": "The person was forgotten; backups and the lake are the operator's",
    }
