"""Which campaigns have been heard of, so that a name that is misspelled is not put on hold in place of the one meant.

There is no list of campaigns: one begins with the first event that names it. So all places are looked at that know of
some: what is on hold, what is counted of mail (30 days), and the latest of what was said on any channel.
"""

from collections.abc import Iterator
from contextlib import closing

import msgspec
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import TopicAuthorizationFailedError

from events.spelling import nearest_name
from events.topics import CAMPAIGN_HOLDS, INTERACTIONS
from streams.cli.failures import refuse
from streams.domain.campaigns.holds import read_hold_record
from streams.domain.display_names import is_shown
from streams.platform.clients import KafkaClients
from streams.platform.errors import MissingTopic
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from streams.platform.topics import CAMPAIGNS_TABLE, changelog_name

LATEST = 16_000
"""Interactions that are looked at, of all partitions together."""
OF_CAMPAIGN = b"campaign/"
"""How the keys of campaigns begin in their table."""


class _Data(msgspec.Struct, frozen=True):
    campaign_id: str | None = None


class _Said(msgspec.Struct, frozen=True):
    data: _Data = _Data()


_read = msgspec.json.Decoder(_Said).decode


def require_heard(settings: Settings, campaign: str) -> str | None:
    """End the command where a campaign was never heard of; a remark where no campaign was, so that nobody can tell."""
    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        known = set(_on_hold(consumer)) | set(_counted(consumer, settings))
        if campaign not in known:
            known.update(_latest(consumer))
    if campaign in known:
        return None
    if known:
        near = nearest_name(campaign, sorted(known))
        meant = f"Did you mean {near}? " if near and is_shown(near) else ""
        refuse(f"no campaign {campaign} has been heard of. {meant}Nothing was changed: mend the name, or --anyway")
    return f"no campaign has been heard of yet, so nobody can tell whether {campaign} is spelled right"


def _on_hold(consumer: KafkaConsumer) -> dict[str, int | None]:
    holds: dict[str, int | None] = {}
    for record in records_of(consumer, CAMPAIGN_HOLDS):
        read_hold_record(record.key, record.value, holds)
    return holds


def _counted(consumer: KafkaConsumer, settings: Settings) -> Iterator[str]:
    try:
        for record in records_of(consumer, changelog_name(settings, CAMPAIGNS_TABLE)):
            if record.value is not None and record.key.startswith(OF_CAMPAIGN):
                yield record.key.removeprefix(OF_CAMPAIGN).decode(errors="replace")
    except (MissingTopic, TopicAuthorizationFailedError):
        return  # other places know of campaigns too


def _latest(consumer: KafkaConsumer) -> Iterator[str]:
    places = [TopicPartition(INTERACTIONS, number) for number in consumer.partitions_for_topic(INTERACTIONS) or ()]
    if not places:
        return
    starts, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
    consumer.assign(places)
    for place in places:
        consumer.seek(place, max(starts[place], ends[place] - LATEST // len(places)))
    while any(consumer.position(place) < ends[place] for place in places):
        for records in consumer.poll(timeout_ms=500).values():
            yield from (name for record in records if (name := _campaign_in(record.value)))


def _campaign_in(value: bytes | None) -> str | None:
    try:
        return _read(value or b"").data.campaign_id
    except msgspec.MsgspecError:
        return None
