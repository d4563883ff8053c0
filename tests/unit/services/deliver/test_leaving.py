"""What is taken out of the journal at the start."""

from collections.abc import Mapping, Sequence

import orjson
import pytest
from faust.types import TP
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from events.deliveries import EndpointStatus
from events.topics import DELIVERIES, DELIVERY_LOG
from streams.domain.delivery.endpoints import Endpoint, Kind
from streams.domain.delivery.standing import Standing, Wait
from streams.engine.writer import Output
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.services.deliver.backlog import Place
from streams.services.deliver.journal import Journal, Stand, standing_record, tombstone
from streams.services.deliver.leaving import (
    FORGET_WITHIN_MS,
    LetGo,
    TakenOut,
    changed_kind,
    no_longer_named,
    waiting_of,
)
from streams.services.deliver.metrics import DeliveryMetrics
from streams.services.deliver.outcome_records import logs_of_let_go
from streams.services.deliver.server import _take_out

ROOM = Endpoint.model_validate({"id": "room", "kind": "slack", "url": "https://e.example", "topics": ["system-alerts"]})
NOW = 10_000_000_000
WAIT = Wait(0, 0, "l", 0)
WAITS = {3: WAIT}
OLD = Standing("t", 7, WAITS)


def test_what_the_file_names_no_longer_is_taken_out_but_that_it_was_told_of_contacts() -> None:
    told = Standing("t", 7, WAITS, told_of_contacts=True)
    standings = {
        ("room", "system-alerts", 0): OLD,
        ("room", "experiment-results", 0): OLD,
        ("gone", "system-alerts", 1): replace(OLD, waits={5: WAIT, 6: WAIT}),
        ("gone", "segment-changes", 1): told,
    }
    outputs, let_go = no_longer_named([ROOM], {"room", "gone"}, standings, NOW)
    assert outputs == [
        *map(tombstone, ("gone", "gone/replay", "gone/replayed")),
        tombstone("room/experiment-results/0"),
        tombstone("gone/system-alerts/1"),
        standing_record(("gone", "segment-changes", 1), Standing("t", 7, told_of_contacts=True)),
    ]
    assert let_go == [
        LetGo("room", Place(TP("experiment-results", 0), 3), "t", 1),
        LetGo("gone", Place(TP("system-alerts", 1), 5), "t", 2),
        LetGo("gone", Place(TP("segment-changes", 1), 3), "t", 1),
    ]
    logs = [orjson.loads(output.value or b"") for output in logs_of_let_go(let_go)]
    assert [(log["endpoint"], log["fate"], log["trouble"], log["offsets"]) for log in logs] == [
        ("room", "dropped", "NotNamed", 1),
        ("gone", "dropped", "NotNamed", 2),
        ("gone", "dropped", "NotNamed", 1),
    ]


def test_how_far_erasures_were_read_stays_for_whom_alone_another_topic_told_of_contacts() -> None:
    """Named again with `from = "now"` it would else begin at the end, and miss whoever was erased meanwhile."""
    standings = {
        ("gone", "contact-alerts", 0): Standing("t", 7, told_of_contacts=True),
        ("gone", "contact-state", 0): Standing("s", 1000),
        ("never", "contact-state", 0): Standing("s", 1000),
    }
    outputs, _ = no_longer_named([ROOM], {"room"}, standings, NOW)
    assert outputs == [tombstone("never/contact-state/0")]


def test_where_nothing_is_too_much_nothing_is_written() -> None:
    told = {("gone", "segment-changes", 1): Standing("t", 7, told_of_contacts=True)}
    standings = {("room", "system-alerts", 0): OLD, **told}
    assert no_longer_named([ROOM], {"room"}, standings, NOW) == TakenOut([], [])


def test_a_topic_of_contacts_stays_with_all_of_its_partitions() -> None:
    """Or those in which nobody was told yet would be read from their start once it is named again."""
    untold = Standing("t", 5_000)
    standings = {
        ("gone", "segment-changes", 0): untold,
        ("gone", "segment-changes", 1): replace(untold, told_of_contacts=True),
        ("gone", "contact-alerts", 0): untold,
    }
    outputs, _ = no_longer_named([ROOM], set(), standings, NOW)
    assert outputs == [tombstone("gone/contact-alerts/0")]


def test_whom_to_forget_waits_for_the_endpoint_to_be_named_again_but_not_for_ever() -> None:
    forget = {n: Wait(4, 0, "l", at, True, "ada") for n, at in ((3, NOW - FORGET_WITHIN_MS - 1), (4, NOW - 1))}
    stand = ("gone", "contact-state", 0)
    standing = Standing("t", 7, forget, told_of_contacts=True)
    outputs, let_go = no_longer_named([ROOM], set(), {stand: standing}, NOW)
    assert outputs == [standing_record(stand, replace(standing, waits={4: forget[4]}))]
    assert let_go == [LetGo("gone", Place(TP("contact-state", 0), 3), "t", 1)]
    assert no_longer_named([ROOM], set(), {stand: replace(standing, waits={4: forget[4]})}, NOW) == TakenOut([], [])


def test_a_file_without_any_endpoint_takes_nothing_out() -> None:
    standings = {
        ("gone", "system-alerts", 0): OLD,
        ("gone", "system-alerts", 1): OLD,
        ("room", "x", 1): Standing("t", 1),
    }
    assert no_longer_named([], {"gone"}, standings, NOW) == TakenOut((), ())
    assert waiting_of(standings) == {"gone": 2}


def status(kind: Kind) -> EndpointStatus:
    return {"kind": kind, "url": "", "failures": 0, "open_until": None, "disabled_at": None}


def test_another_kind_under_the_same_id_is_told() -> None:
    assert changed_kind([ROOM], {"room": status("slack"), "app": status("webhook")}) is None
    stored = status("webhook")
    told = changed_kind([ROOM], {"room": stored})
    assert told == "room: kind: what is stored of it was told to kind webhook; give this one another id"
    del stored["kind"]
    assert changed_kind([ROOM], {"room": stored}) is None


class WrittenJournal(Journal):
    """Keeps what is to be written."""

    def __init__(self, standings: Mapping[Stand, Standing]) -> None:
        super().__init__(KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1")), "test")
        self.standings |= standings
        self.written: list[Output] = []

    async def write(self, outputs: Sequence[Output]) -> None:
        self.written += outputs


async def test_what_is_let_go_is_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    metrics = DeliveryMetrics(CollectorRegistry())
    journal = WrittenJournal({("gone", "system-alerts", 1): OLD, ("room", "system-alerts", 0): OLD})
    await _take_out(journal, [ROOM], metrics)
    assert {output.topic for output in journal.written} == {DELIVERIES, DELIVERY_LOG}
    assert [*journal.standings] == [("room", "system-alerts", 0)]
    labels = {"endpoint": "gone", "why": "not_named"}
    assert metrics.registry.get_sample_value("harmonia_delivery_passed_over_total", labels) == 1
    assert "gone: the file no longer names it or this topic: system-alerts/1: from offset 3 on 1 records" in caplog.text


async def test_what_waits_where_the_file_names_nobody_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    journal = WrittenJournal({("gone", "system-alerts", 1): OLD})
    await _take_out(journal, [], DeliveryMetrics(CollectorRegistry()))
    assert (journal.written, [*journal.standings]) == ([], [("gone", "system-alerts", 1)])
    assert "gone: the file names no endpoint, so 1 records go on waiting for it" in caplog.text
