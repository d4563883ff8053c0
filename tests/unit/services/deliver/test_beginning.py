"""Where reading goes on, without a broker."""

import pytest
from faust.types import TP
from msgspec.structs import replace

from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.standing import Standing, Wait, decoded, encoded
from streams.platform.clients import KafkaClients
from streams.platform.settings import Settings
from streams.services.deliver.beginning import begun, made_anew, unread_and_gone, within
from streams.services.deliver.journal import Journal
from tests.unit.services.deliver.test_rereading import Held
from tests.unit.services.deliver.test_rereading import reader as reader_of

JOURNAL = Journal(KafkaClients(Settings(kafka_bootstrap="127.0.0.1:1")), "test")
ROOM = Endpoint.model_validate({"id": "room", "kind": "slack", "url": "https://e.example", "topics": ["system-alerts"]})


@pytest.mark.parametrize(
    ("position", "start", "end", "goes_on", "expired"),
    [(5, 0, 9, 5, 0), (5, 8, 9, 8, 3), (5, 0, 3, 3, 0), (0, 4, 9, 4, 4)],
)
def test_reading_goes_on_where_the_topic_has_something_and_what_is_gone_unread_is_counted(
    position: int, start: int, end: int, goes_on: int, expired: int
) -> None:
    standing = Standing("t", position)
    assert within(ROOM, TP("system-alerts", 0), standing, start, end).position == goes_on
    assert unread_and_gone(standing, start) == expired


def test_of_a_topic_that_was_made_anew_all_is_told_where_something_waited_and_whom_to_forget_first() -> None:
    said = Standing("old", 9, said={"ask": "f"})
    assert made_anew(said, "new") == Standing("new", 0, said={"ask": "f"})
    waits = {7: Wait(1, 9, "l", 5), 8: Wait(2, 9, "m", 6, True, "ada"), 9: Wait(0, 9, "n", 7, True, "eve")}
    anew = made_anew(replace(said, waits=waits, told_of_contacts=True), "new")
    assert anew == Standing("new", 0, {-2: waits[8], -1: waits[9]}, told_of_contacts=True)
    assert decoded(encoded(anew)) == anew


@pytest.mark.parametrize("start", ["1900-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "earliest"])
async def test_one_that_begins_before_there_was_anything_begins_at_the_start(start: str) -> None:
    """Kafka refuses to be asked for a time before 1970."""
    room, alerts = ROOM.model_copy(update={"start": start}), TP("system-alerts", 0)
    reader = reader_of({alerts: [Held("system-alerts", b"a", b"{}", 5, 2)]})
    found = await begun(room, JOURNAL, {"system-alerts": ("t", 1)}, reader, 10)
    assert found.standings == {alerts: Standing("t", 0)}
