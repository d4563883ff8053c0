"""A desk as an election night finds it, written by the code that writes it: nine days of figures, and events in plenty.

Following a million contacts from topics would take an hour, so their records are made here and written at once.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random

import orjson

from benchmarks.console.contacts import ProfileWriter
from benchmarks.desk.load import A_SECOND, CAMPAIGNS_A_DAY, Pace, batches, campaign_of, fragment_of, interactions
from events.times import render_time
from events.topics import AUDIT_LOG, CAMPAIGN_HOLDS, CONTACT_ALERTS
from streams.platform.settings import Settings
from streams.services.console.desk import Desk
from streams.services.console.desk_batches import Limits, Position, TopicRecord
from streams.services.console.desk_retention import let_go
from streams.services.console.desk_schema import CELLS_KEPT_MS, DAY_MS
from streams.services.console.desk_writing import DeskWriter
from streams.services.console.follow import describe_topics

BATCH = 5_000
ALERTS, VIEWS, HOLDS = 3_000, 5_000, 20
_LET_GO_EVERY = 200
"""Batches after which what is too old is let go of, as whoever follows does all along."""
_RULES = {
    "over_cap": "5 emails in 7 days, policy allows 4",
    "double_touch": "digital and field within 2 h",
    "touch_after_stop": "email sent 2 h after the stop",
}


@dataclass(frozen=True, slots=True)
class DeskSize:
    """`events`: those of the last minutes, `A_SECOND` of them a second; `earlier`: of nine days before that."""

    contacts: int
    events: int
    earlier: int
    kept: int = 5_000_000


def fill_desk(path: Path, size: DeskSize, now_ms: int, seed: int) -> None:
    """Write a desk whose last interaction came in at `now_ms`."""
    limits = Limits(events=size.kept)
    writer = DeskWriter(Desk.create(path), limits)
    try:
        writer.begin_at(now_ms - CELLS_KEPT_MS)
        evening = now_ms - size.events * 1000 // A_SECOND
        earlier = now_ms - CELLS_KEPT_MS
        days = Pace(earlier, size.earlier * 1000 / (evening - earlier), "d")
        told = chain(
            interactions(size.contacts, size.earlier, seed, days),
            interactions(size.contacts, size.events, seed + 1, Pace(evening, A_SECOND, "n")),
        )
        _write(writer, limits, told)
        _write(writer, limits, ProfileWriter(seed).everybody(size.contacts, now_ms))
        _write(writer, limits, _others(Random(seed), size.contacts, now_ms))
        for _ in let_go(writer, limits, now_ms):
            pass
        writer.desk.run("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        writer.desk.close()


def _write(writer: DeskWriter, limits: Limits, records: Iterable[TopicRecord]) -> None:
    for number, batch in enumerate(batches(iter(records), BATCH)):
        writer.write(batch, ())
        if number % _LET_GO_EVERY == _LET_GO_EVERY - 1:
            for _ in let_go(writer, limits, batch[-1].appended):
                pass


def _others(rng: Random, contacts: int, now_ms: int) -> Iterator[TopicRecord]:
    """Alerts of a day about people, views of a month, and campaigns that were held."""
    for number in range(ALERTS):
        at = now_ms - rng.randrange(DAY_MS)
        rule = rng.choice((*_RULES,))
        said = {"alert_id": f"a{number}", "rule": rule, "at": render_time(at), "detail": _RULES[rule]}
        evidence = [{"source": "digital/mailer", "id": f"{number}"}]
        about = {"contact_id": fragment_of(rng.randrange(contacts)), "evidence": evidence}
        yield TopicRecord(CONTACT_ALERTS, 0, number, b"", orjson.dumps({**said, **about}), (), at)
    for number in range(VIEWS):
        at = now_ms - rng.randrange(30 * DAY_MS)
        answers = [{"contact_id": fragment_of(rng.randrange(contacts)), "decision": None, "reason": "found"}]
        view = {"at": render_time(at), "what": "read", "viewer": f"p{rng.randrange(20)}", "answers": answers}
        yield TopicRecord(AUDIT_LOG, 0, number, None, orjson.dumps({**view, "team": ""}), (), at)
    for number in range(HOLDS):
        at = now_ms - rng.randrange(DAY_MS)
        campaign = campaign_of(at, rng.randrange(CAMPAIGNS_A_DAY)).encode()
        held = {"at": render_time(at), "until": render_time(at + 3_600_000), "by": "p1"}
        yield TopicRecord(CAMPAIGN_HOLDS, 0, number, campaign, orjson.dumps(held), (), at)


def begin_here(path: Path, settings: Settings) -> None:
    """Note in a desk that all the topics, which are empty, are read so far."""
    now = time.time_ns() // 1_000_000
    writer = DeskWriter(Desk.create(path), Limits())
    places = [
        Position(topic, number, each.topic_id, 0, 0, None, now)
        for topic, each in describe_topics(settings).items()
        for number in range(each.partitions)
    ]
    writer.write((), places)
    writer.desk.close()
