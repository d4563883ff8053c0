"""The views say of every history what the oracle finds, which knows the contract and none of our code."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from events.contact import Contact
from events.harmonised import harmonise
from events.json_types import JSON
from events.times import render_time
from sinks.base import ContactChange
from sinks.lake import snapshots
from sinks.lake.compaction import compact
from sinks.lake.duckdb_views import ask_lake
from sinks.lake.files import LocalFiles
from sinks.lake.manifests import imported_log_id
from sinks.lake.snapshots import SnapshotWriter, links_table
from sinks.lake.writer import LakeWriter
from streams.demo.oracle import profile_of
from streams.demo.recount import Profile
from streams.demo.truth import ContactFields, Fields, Sent
from tests.budgets import with_histories
from tests.property.domain.contact.strategies import deliveries, key, lives
from tests.unit.domain.contact.said import NOON, Arrival
from tests.unit.engine.kafka_records import Fetched
from tests.unit.history.lake.topic_records import TOPIC_ID
from tests.unit.worker.agents.contacts.interaction_records import HASHER

PEOPLE = 10
"""In one lake, since that is what takes the time. Each is known under two names."""
ZONES = ("region", "postal_code", "time_zone", "language", "household")


@pytest.fixture(autouse=True, scope="module")
def _without_power_cuts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def absorbed(person: str) -> str:
    """The other name."""
    return f"{person}-too"


@st.composite
def topics(draw: st.DrawFn) -> list[tuple[str, Arrival]]:
    """What arrives, and under which name; in the order of the broker's clock."""
    arrivals: list[tuple[str, Arrival]] = []
    for person in map(str, range(PEOPLE)):
        names = st.sampled_from([person, absorbed(person)])
        arrivals += [(draw(names), arrival) for arrival in draw(deliveries(draw(lives())))]
    return sorted(arrivals, key=lambda each: each[1].appended_at)


@with_histories(PEOPLE)
@given(topics(), st.booleans())
def test_counts_donations_and_touches_are_the_oracles(topic: list[tuple[str, Arrival]], merged: bool) -> None:
    with TemporaryDirectory() as folder:
        files = LocalFiles(Path(folder))
        told = [record_of(offset, name, arrival) for offset, (name, arrival) in enumerate(topic)]
        records = [each for each in told if each.offset % 3]
        LakeWriter(files, imported_log_id("old")).write(
            0, 0, len(told), [each for each in told if each.offset % 3 == 0]
        )
        half = len(records) // 2
        writer = LakeWriter(files, TOPIC_ID)
        writer.write(0, 0, len(told), records[:half])
        writer.write(0, len(told) + 1, 2 * len(told) + 1, records[half:])
        link(files)
        if merged:
            compact(files, "9999-12-31")
        with ask_lake(files) as lake:
            lake.execute("CREATE TABLE counted AS FROM interactions_counted")
            lake.execute("CREATE TABLE given AS FROM donations")
            lake.execute("CREATE TABLE reached AS FROM touches")
            for person in map(str, range(PEOPLE)):
                assert found(lake, person) == expected(topic, person)


def record_of(offset: int, name: str, arrival: Arrival) -> Fetched:
    zones = {zone: getattr(arrival.interaction.data.contact, zone) for zone in ZONES}
    data = arrival.interaction.data.model_copy(update={"contact": Contact(contact_id=name, **zones)})
    key, value = harmonise(structs.replace(arrival.interaction, data=data), HASHER)
    return Fetched(offset, value, key.encode(), timestamp=arrival.appended_at, partition=0)


def link(files: LocalFiles) -> None:
    writer = SnapshotWriter(files, "2012-03-05", NOON)
    with writer.file(snapshots.CONTACT_LINKS) as add:
        add(links_table([ContactChange(absorbed(person), 1, None, None, person) for person in map(str, range(PEOPLE))]))
    assert writer.commit() is not None


def expected(topic: Sequence[tuple[str, Arrival]], person: str) -> Profile:
    of_person = [
        (offset, arrival) for offset, (name, arrival) in enumerate(topic) if name in (person, absorbed(person))
    ]
    in_topic = {key(arrival) for offset, arrival in of_person if offset % 3}
    sent = [sent_of(arrival) for offset, arrival in of_person if offset % 3 or key(arrival) not in in_topic]
    profile = profile_of(person, sent, lambda _: person)
    return {name: profile[name] for name in ("counts", "donations", "touches")} | {"donations": money(profile)}


def money(profile: Profile) -> JSON:
    donations = cast(dict[str, Any], profile["donations"])
    committees = {name: one["net"] for name, one in donations["by_committee"].items()}
    return {**{name: donations[name] for name in ("count", "gross", "refunded", "net")}, "committees": committees}


def sent_of(arrival: Arrival) -> Sent:
    said = arrival.interaction
    fields = said.data.plain()
    contact = cast(ContactFields, fields.pop("contact"))
    return Sent("topic", said.type, said.source, said.id, render_time(said.time), contact, cast(Fields, fields))


def found(lake: duckdb.DuckDBPyConnection, person: str) -> Profile:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return lake.execute(query, {"person": person}).fetchall()

    counts = rows("SELECT type, count(*) FROM counted WHERE contact_id = $person GROUP BY type")
    sums = rows(
        "SELECT currency, sum(gross)::BIGINT, sum(refunded)::BIGINT, sum(net)::BIGINT FROM given "
        "WHERE contact_id = $person GROUP BY currency"
    )
    gifts = rows("SELECT count(*) FROM given WHERE contact_id = $person AND refund_id IS NULL")
    committees: dict[str, dict[str, int]] = {}
    for committee, currency, net in rows(
        "SELECT committee, currency, sum(net)::BIGINT FROM given "
        "WHERE contact_id = $person AND committee IS NOT NULL GROUP BY ALL"
    ):
        committees.setdefault(committee, {})[currency] = net
    touches = rows(
        "SELECT channel, purpose, time, team, source, id FROM reached WHERE contact_id = $person AND time >= "
        "(SELECT max(time) FROM reached WHERE contact_id = $person) - INTERVAL 30 DAY "
        "ORDER BY time DESC, source DESC, id DESC"
    )
    names = ("channel", "purpose", "at", "team", "source", "id")
    return {
        "counts": dict(Counter(dict(counts))),
        "donations": {
            "count": gifts[0][0],
            "gross": {row[0]: row[1] for row in sums},
            "refunded": {row[0]: row[2] for row in sums},
            "net": {row[0]: row[3] for row in sums},
            "committees": committees,
        },
        "touches": [dict(zip(names, (*row[:2], render_time(ms(row[2])), *row[3:]), strict=True)) for row in touches],
    }


def ms(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp() * 1000)
