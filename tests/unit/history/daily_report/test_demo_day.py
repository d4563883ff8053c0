"""The daily report of the demo equals what an oracle recounts from what was sent."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from events.envelope import Record, decode
from events.harmonised import harmonise
from events.refusal import Refusal
from sinks.lake.files import LocalFiles
from streams.demo.script import write_script
from streams.demo.source_system import parse_time_ms, utc_midnight
from streams.demo.truth import Publication, Sent
from streams.history.daily_report.day_queries import report_of
from streams.history.daily_report.figures import DayFigures
from streams.history.insights.history_source import History
from tests.unit.engine.kafka_records import Fetched
from tests.unit.history.daily_report.recount_day import Recount
from tests.unit.history.insights.lakes import history_of
from tests.unit.worker.agents.contacts.interaction_records import HASHER

ZONE = "America/Los_Angeles"
SCALE = 0.3
PART = utc_midnight(2012, 3, 20), utc_midnight(2012, 4, 25)
"""Of the demo's year: more makes more files, and says nothing else."""
PUBLISHED = utc_midnight(2012, 6, 1)
"""When all of it is published, after the last of it has happened."""
DAYS = [date(2012, 4, 2), date(2012, 4, 14)]
IN_THE_TAIL = 0.3


@pytest.fixture(scope="module")
def script() -> list[Publication]:
    accepted = [one for one in write_script(2012, SCALE).publications if one.reason is None]
    return [one for one in accepted if PART[0] <= parse_time_ms(one.sent.time) < PART[1]]


@pytest.fixture(scope="module")
def history(script: list[Publication], tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    records = []
    for offset, one in enumerate(script):
        read = decode(Record(one.topic, one.value, one.headers, PUBLISHED))
        assert not isinstance(read, Refusal)
        key, value = harmonise(read, HASHER)
        records.append(Fetched(offset, value, key.encode(), timestamp=PUBLISHED + offset, partition=0))
    end = round(len(records) * (1 - IN_THE_TAIL))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield history_of(LocalFiles(Path(tmp_path_factory.mktemp("lake"))), records[:end], records[end:])


@pytest.fixture(scope="module")
def recount(script: list[Publication]) -> Recount:
    return Recount([one.sent for one in script], who, ZONE)


def who(one: Sent) -> str:
    return one.contact["external"]["fec"]


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_reports_figures_equal_the_oracles(day: date, history: History, recount: Recount) -> None:
    report = report_of(history, day, ZONE, PUBLISHED, (None, None))

    assert plain(report.day) == recount.day(day)
    assert plain(report.before) == recount.day(date.fromordinal(day.toordinal() - 7))


def plain(day: DayFigures) -> dict[str, Any]:
    return {
        "money": {
            one.currency: {
                "gifts": one.gifts,
                "gross": one.gross,
                "refunded": one.refunded,
                "donors": one.donors,
                "new_donors": one.new_donors,
            }
            for one in day.money
        },
        "refcodes": {(one.name, one.currency): (one.gifts, one.gross, one.refunded) for one in day.refcodes},
        "committees": {(one.name, one.currency): (one.gifts, one.gross, one.refunded) for one in day.committees},
        "sends": {
            one.campaign: (one.sent, one.delivered, one.clicks_human, one.unsubscribes, one.complaints, one.raised)
            for one in day.sends
        },
        "providers": {
            name: sum(getattr(one, name) for one in day.providers)
            for name in ("delivered", "unsubscribes", "complaints")
        },
        "methods": {one.name: (one.attempts, one.contacted, one.supporters) for one in day.methods},
        "turfs": {one.name: (one.attempts, one.contacted, one.supporters) for one in day.turfs},
        "meetings": {one.event_id: (one.promised, one.attended, one.no_show, one.cancelled) for one in day.meetings},
    }
