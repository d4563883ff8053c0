from streams.domain.messages import english
from streams.domain.quarantine.flood_detection import MINUTE_MS
from streams.domain.quarantine.held_records import ListedSource, list_sources, quarantine_message
from streams.domain.quarantine.quarantines import Quarantine
from tests.unit.events.records import NOW

HELD = Quarantine("digital/mailer", NOW, NOW + 16 * MINUTE_MS, 600)
SINCE, UNTIL = "2012-02-22T10:00:00.000Z", "2012-02-22T10:16:00.000Z"


def test_sources_in_quarantine_are_listed_with_what_waits_of_them() -> None:
    [found] = list_sources({HELD.source: HELD}, {HELD.source: 1_234}, NOW + 1)
    assert found == ListedSource("digital/mailer", SINCE, UNTIL, True, 1_234)
    assert english(quarantine_message(found)) == "in quarantine since 2012-02-22 10:00Z, 1,234 held records wait"


def test_one_that_has_ended_is_listed_while_records_wait() -> None:
    assert list_sources({HELD.source: HELD}, {}, HELD.until) == []
    [found] = list_sources({HELD.source: HELD}, {HELD.source: 1}, HELD.until)
    assert not found.held_now
    assert english(quarantine_message(found)) == (
        "in quarantine from 2012-02-22 10:00Z to 2012-02-22 10:16Z, and 1 held record waits to be released"
    )


def test_a_source_that_may_be_an_address_is_not_named() -> None:
    held = Quarantine("ada@example.org", NOW, NOW + MINUTE_MS, 600)
    assert [one.source for one in list_sources({held.source: held}, {"+12125550123": 2}, NOW)] == ["*", "*"]
