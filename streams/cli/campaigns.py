"""`harmonia campaigns list`: what campaigns sent, how it was received, and holds; and whether a name is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
import orjson
import typer

from events.json_types import JSON, UNREADABLE
from events.spelling import nearest_name
from events.times import render_time
from events.topics import CAMPAIGN_HOLDS, INTERACTIONS
from streams.cli import transparency
from streams.cli.failures import failing_plainly, load_settings, refuse
from streams.cli.output import print_lines, print_table
from streams.cli.person import warn_of_what_is_missing
from streams.cli.time_options import now_ms
from streams.domain.display_names import is_shown
from streams.platform.errors import MissingTopic

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from streams.domain.campaigns import CampaignCounts
    from streams.operations.text_campaigns import TextCounts
    from streams.platform.settings import Settings


app = typer.Typer(help="What is sent under a campaign_id, and who pays for it.", no_args_is_help=True)
app.add_typer(transparency.app, name="transparency")


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """List campaigns: messages of the last 30 days, complaints, unsubscriptions or STOPs; and all that is on hold."""
    _print_campaigns(as_json=as_json)


_COLUMNS = ("campaign", "by", "last message", "messages", "complaints", "unsubscribed", "on hold")


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign. `held`: until when it is on hold, in ms; None: it is not. `for_ever`: on hold without an end.

    Where it has mail its messages, complaints and unsubscriptions are of that alone; None: not known, or none of texts.
    """

    campaign: str
    counts: CampaignCounts | None
    texts: TextCounts | None
    held: int | None
    for_ever: bool

    @property
    def last_sent(self) -> int | None:
        """When the latest message was sent."""
        of_mail = None if self.counts is None else self.counts.last_sent
        of_texts = None if self.texts is None else self.texts.last_sent
        return max((at for at in (of_mail, of_texts) if at is not None), default=None)

    @property
    def channels(self) -> list[str]:
        """By what it was sent."""
        return [name for name, found in (("email", self.counts), ("text", self.texts)) if found is not None]

    @property
    def messages(self) -> int | None:
        """How many messages surely went out."""
        if self.counts is not None:
            return sum(tally.messages for tally in self.counts.tallies.values())
        return 0 if self.texts is None else self.texts.messages

    @property
    def complaints(self) -> int | None:
        """E-mails that were reported as spam; texts have none."""
        if self.counts is not None:
            return sum(tally.complaints.count for tally in self.counts.tallies.values())
        return 0 if self.texts is None else None

    @property
    def unsubscribes(self) -> int | None:
        """Who wanted no more of it."""
        if self.counts is not None:
            return sum(tally.unsubscribes.count for tally in self.counts.tallies.values())
        return 0 if self.texts is None else self.texts.stops


def _print_campaigns(*, as_json: bool) -> None:
    """Print campaigns, for people or for programs; those that sent last come last."""
    from streams.platform.clients import KafkaClients

    settings = load_settings()
    with failing_plainly(), closing(KafkaClients(settings).tool_consumer()) as consumer:
        counted, holds = _counted(consumer, settings), holds_in(consumer)
        rows = campaign_rows(counted, _texts(consumer), holds, now_ms())
    warn_of_what_is_missing(settings)
    if as_json:
        typer.echo(orjson.dumps([_plain(row) for row in rows]))
        return
    if not rows:
        print_lines(["no campaign has sent messages in the last 30 days, and none is on hold"])
    print_table(_COLUMNS, [campaign_cells(row) for row in rows], right=(3, 4, 5))


def campaign_rows(
    counted: Mapping[str, CampaignCounts], texts: Mapping[str, TextCounts], holds: Mapping[str, int | None], now: int
) -> list[CampaignRow]:
    """A row for each campaign; those that sent last come last."""
    on = {name: until for name, until in holds.items() if until is None or now < until}
    rows = [
        CampaignRow(name, counted.get(name), texts.get(name), on.get(name), name in on and on[name] is None)
        for name in counted.keys() | texts.keys() | on.keys()
    ]
    return sorted(rows, key=lambda row: (row.last_sent or 0, row.campaign))


def _texts(consumer: KafkaConsumer) -> dict[str, TextCounts]:
    """Counts of texts by campaign, of the latest interactions."""
    from kafka import TopicPartition

    from streams.operations.text_campaigns import MOST_READ, count_texts
    from streams.platform.topic_reading import ranges_between, records_in

    places = [
        TopicPartition(INTERACTIONS, number) for number in sorted(consumer.partitions_for_topic(INTERACTIONS) or ())
    ]
    since = now_ms() - _COUNTED_MS
    ranges = ranges_between(consumer, places, since, None, MOST_READ)
    is_whole = ranges == ranges_between(consumer, places, since, None, None)
    found = ((record.key, record.value) for record in records_in(consumer, ranges))
    return count_texts(found, is_whole=is_whole)


_COUNTED_MS = 30 * 86_400_000


def _counted(consumer: KafkaConsumer, settings: Settings) -> dict[str, CampaignCounts]:
    """Counts of mail by campaign. Raises `Unreadable` for a table that another version has written."""
    from streams.operations.campaign_counts import campaign_counts, campaign_of
    from streams.platform.topic_reading import records_of
    from streams.platform.topics import CAMPAIGNS_TABLE, changelog_name

    latest: dict[str, bytes | None] = {}
    for record in records_of(consumer, changelog_name(settings, CAMPAIGNS_TABLE)):
        if (name := campaign_of(record.key)) is not None:
            latest[name] = record.value
    read = {name: campaign_counts(value) for name, value in latest.items() if value is not None}
    return {name: counts for name, counts in read.items() if counts is not None}


def holds_in(consumer: KafkaConsumer) -> dict[str, int | None]:
    """Holds of campaigns, from their topic: until when each lasts, ms since 1970; None: until it is lifted."""
    from streams.domain.campaigns.holds import read_hold_record
    from streams.platform.topic_reading import records_of

    holds: dict[str, int | None] = {}
    for record in records_of(consumer, CAMPAIGN_HOLDS):
        read_hold_record(record.key, record.value, holds)
    return holds


def campaign_cells(row: CampaignRow) -> tuple[str, ...]:
    """The row as people read it."""
    from streams.cli.profile_tables import cell_text

    last = "" if row.last_sent is None else cell_text(render_time(row.last_sent))
    held = "until lifted" if row.for_ever else "" if row.held is None else f"until {cell_text(render_time(row.held))}"
    counts = map(_count, (row.messages, row.complaints, row.unsubscribes))
    return (row.campaign, " ".join(row.channels), last, *counts, held)


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _plain(row: CampaignRow) -> dict[str, JSON]:
    return {
        "campaign_id": row.campaign,
        "channels": [*row.channels],
        "last_message_at": None if row.last_sent is None else render_time(row.last_sent),
        "messages": row.messages,
        "complaints": row.complaints,
        "unsubscribes": row.unsubscribes,
        "on_hold": row.for_ever or row.held is not None,
        "until": None if row.held is None else render_time(row.held),
    }


LATEST = 16_000
"""Interactions that are searched for names of campaigns, of all partitions together."""


class _Data(msgspec.Struct, frozen=True):
    campaign_id: str | None = None


class _Interaction(msgspec.Struct, frozen=True):
    data: _Data = _Data()


_read = msgspec.json.Decoder(_Interaction).decode


def require_known_campaign(settings: Settings, campaign: str) -> None:
    """End the command where no interaction, count or hold names the campaign: it may be misspelled.

    There is no list of campaigns: one begins with the first event that names it. So all places are looked at that know
    of some: what is on hold, what is counted of mail (30 days), and the latest interactions. Where no campaign is known
    at all, nobody can tell, and the command ends too.
    """
    from streams.platform.clients import KafkaClients

    with closing(KafkaClients(settings).tool_consumer()) as consumer:
        known = set(holds_in(consumer)) | set(_counted_names(consumer, settings))
        if campaign not in known:
            known.update(_latest_names(consumer))
    if problem := unknown_campaign(campaign, known):
        refuse(problem)


def unknown_campaign(campaign: str, known: Collection[str]) -> str | None:
    """What to say of a campaign that is not among the known ones; None: it is."""
    if campaign in known:
        return None
    if not known:
        return (
            f"no campaign has been heard of yet, so nobody can tell whether {campaign} is spelled right. Nothing was "
            "changed: look at the name, and --anyway"
        )
    near = nearest_name(campaign, sorted(known))
    meant = f"Did you mean {near}? " if near and is_shown(near) else ""
    return f"no campaign {campaign} has been heard of. {meant}Nothing was changed: mend the name, or --anyway"


def _counted_names(consumer: KafkaConsumer, settings: Settings) -> Iterator[str]:
    from kafka.errors import TopicAuthorizationFailedError

    from streams.operations.campaign_counts import campaign_of
    from streams.platform.topic_reading import records_of
    from streams.platform.topics import CAMPAIGNS_TABLE, changelog_name

    try:
        for record in records_of(consumer, changelog_name(settings, CAMPAIGNS_TABLE)):
            if record.value is not None and (name := campaign_of(record.key)) is not None:
                yield name
    except (MissingTopic, TopicAuthorizationFailedError):
        return  # other places know of campaigns too


def _latest_names(consumer: KafkaConsumer) -> Iterator[str]:
    return (name for value in latest_interactions(consumer) if (name := _campaign_in(value)))


def latest_interactions(consumer: KafkaConsumer) -> Iterator[bytes | None]:
    """Values of the latest interactions, `LATEST` at most. Raises Kafka's errors."""
    from kafka import TopicPartition

    places = [TopicPartition(INTERACTIONS, number) for number in consumer.partitions_for_topic(INTERACTIONS) or ()]
    if not places:
        return
    starts, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
    consumer.assign(places)
    for place in places:
        consumer.seek(place, max(starts[place], ends[place] - LATEST // len(places)))
    while any(consumer.position(place) < ends[place] for place in places):
        for records in consumer.poll(timeout_ms=500).values():
            yield from (record.value for record in records)


def _campaign_in(value: bytes | None) -> str | None:
    try:
        return _read(value or b"").data.campaign_id
    except UNREADABLE:
        return None
