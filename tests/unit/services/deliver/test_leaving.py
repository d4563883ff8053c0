"""What is taken out of the journal at the start."""

from events.deliveries import EndpointStatus
from streams.domain.delivery.endpoints import Endpoint, Kind
from streams.domain.delivery.standing import Standing, Wait
from streams.services.deliver.journal import standing_record, tombstone
from streams.services.deliver.leaving import changed_kind, no_longer_named

ROOM = Endpoint.model_validate({"id": "room", "kind": "slack", "url": "https://e.example", "topics": ["system-alerts"]})
WAITS = {3: Wait(0, 0, "l", 0)}
OLD = Standing("t", 7, WAITS)


def test_what_the_file_names_no_longer_is_taken_out_but_that_it_was_told_of_contacts() -> None:
    told = Standing("t", 7, WAITS, told_of_contacts=True)
    standings = {
        ("room", "system-alerts", 0): OLD,
        ("room", "experiment-results", 0): OLD,
        ("gone", "system-alerts", 1): OLD,
        ("gone", "segment-changes", 1): told,
    }
    assert [*no_longer_named([ROOM], {"room", "gone"}, standings)] == [
        *map(tombstone, ("gone", "gone/replay", "gone/replayed")),
        tombstone("room/experiment-results/0"),
        tombstone("gone/system-alerts/1"),
        standing_record(("gone", "segment-changes", 1), Standing("t", 7, told_of_contacts=True)),
    ]


def test_where_nothing_is_too_much_nothing_is_written() -> None:
    told = {("gone", "segment-changes", 1): Standing("t", 7, told_of_contacts=True)}
    assert [*no_longer_named([ROOM], {"room"}, {("room", "system-alerts", 0): OLD, **told})] == []


def status(kind: Kind) -> EndpointStatus:
    return {"kind": kind, "url": "", "failures": 0, "open_until": None, "disabled_at": None}


def test_another_kind_under_the_same_id_is_told() -> None:
    assert changed_kind([ROOM], {"room": status("slack"), "app": status("webhook")}) is None
    stored = status("webhook")
    told = changed_kind([ROOM], {"room": stored})
    assert told == "room: kind: what is stored of it was told to kind webhook; give this one another id"
    del stored["kind"]
    assert changed_kind([ROOM], {"room": stored}) is None
