"""Campaigns as they are listed: from the table in which mail is counted, and from what is on hold."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

import orjson
import typer
from kafka import KafkaConsumer

from events.json_types import JSON
from events.times import render_time
from events.topics import CAMPAIGN_HOLDS
from streams.cli.failures import failing_plainly, load_settings
from streams.cli.heard import OF_CAMPAIGN
from streams.cli.profile_tables import said
from streams.cli.tables import print_lines, print_table
from streams.domain.campaigns import Campaign, CampaignCounts, decode
from streams.domain.campaigns.holds import read_hold_record
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.platform.topic_reading import records_of
from streams.platform.topics import CAMPAIGNS_TABLE, changelog_name

_COLUMNS = ("campaign", "last message", "messages", "complaints", "unsubscribed", "on hold")


@dataclass(frozen=True, slots=True)
class _Row:
    """`held`: until when in ms, None: not on hold; `for_ever`: on hold without an end."""

    campaign: str
    counts: CampaignCounts
    held: int | None
    for_ever: bool

    @property
    def messages(self) -> int:
        return sum(tally.messages for tally in self.counts.tallies.values())

    @property
    def complaints(self) -> int:
        return sum(tally.complaints.count for tally in self.counts.tallies.values())

    @property
    def unsubscribes(self) -> int:
        return sum(tally.unsubscribes.count for tally in self.counts.tallies.values())


def tell_campaigns(*, as_json: bool) -> None:
    """Print them, for people or for programs: those on hold and what was sent last come last."""
    settings = load_settings()
    with failing_plainly(), closing(KafkaClients(settings).tool_consumer()) as consumer:
        rows = list(_rows(_counted(consumer, settings), _holds(consumer), time.time_ns() // 1_000_000))
    rows.sort(key=lambda row: (row.counts.last_sent or 0, row.campaign))
    if as_json:
        typer.echo(orjson.dumps([_plain(row) for row in rows]))
        return
    if not rows:
        print_lines(["no campaign has sent mail in the last 30 days, and none is on hold"])
    print_table(_COLUMNS, [_cells(row) for row in rows], right=(2, 3, 4))


def _rows(counted: Mapping[str, CampaignCounts], holds: Mapping[str, int | None], now: int) -> Iterator[_Row]:
    on = {name: until for name, until in holds.items() if until is None or now < until}
    for name in counted.keys() | on.keys():
        yield _Row(name, counted.get(name, CampaignCounts()), on.get(name), name in on and on[name] is None)


def _counted(consumer: KafkaConsumer, settings: Settings) -> dict[str, CampaignCounts]:
    """Raises `Unreadable` for a table that another version has written."""
    latest: dict[str, bytes] = {}
    for record in records_of(consumer, changelog_name(settings, CAMPAIGNS_TABLE)):
        if not record.key.startswith(OF_CAMPAIGN):
            continue
        name = record.key.removeprefix(OF_CAMPAIGN).decode(errors="replace")
        if record.value is None:
            latest.pop(name, None)
        else:
            latest[name] = record.value
    read = {name: decode(value) for name, value in latest.items()}
    return {name: kept.counts for name, kept in read.items() if isinstance(kept, Campaign)}


def _holds(consumer: KafkaConsumer) -> dict[str, int | None]:
    holds: dict[str, int | None] = {}
    for record in records_of(consumer, CAMPAIGN_HOLDS):
        read_hold_record(record.key, record.value, holds)
    return holds


def _cells(row: _Row) -> tuple[str, ...]:
    last = "" if row.counts.last_sent is None else said(render_time(row.counts.last_sent))
    held = "until lifted" if row.for_ever else "" if row.held is None else f"until {said(render_time(row.held))}"
    return (row.campaign, last, f"{row.messages:,}", *map(_count, (row.complaints, row.unsubscribes)), held)


def _count(number: int) -> str:
    return f"{number:,}"


def _plain(row: _Row) -> dict[str, JSON]:
    return {
        "campaign_id": row.campaign,
        "last_message_at": None if row.counts.last_sent is None else render_time(row.counts.last_sent),
        "messages": row.messages,
        "complaints": row.complaints,
        "unsubscribes": row.unsubscribes,
        "on_hold": row.for_ever or row.held is not None,
        "until": None if row.held is None else render_time(row.held),
    }
