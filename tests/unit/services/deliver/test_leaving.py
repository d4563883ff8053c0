"""What is taken out of the journal at the start."""

import orjson
from faust.types import TP
from msgspec.structs import replace

from events.deliveries import EndpointStatus
from streams.domain.delivery.endpoints import Endpoint, Kind
from streams.domain.delivery.standing import Standing, Wait
from streams.services.deliver.backlog import Place
from streams.services.deliver.journal import standing_record, tombstone
from streams.services.deliver.leaving import (
    FORGET_WITHIN_MS,
    LetGo,
    TakenOut,
    changed_kind,
    no_longer_named,
    waiting_of,
)
from streams.services.deliver.outcome_records import logs_of_let_go

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
