from streams.domain.quarantine.floods import MINUTE_MS
from streams.domain.quarantine.listing import Listed, listed, sentence
from streams.domain.quarantine.orders import Quarantine
from tests.unit.events.records import NOW

HELD = Quarantine("digital/mailer", NOW, NOW + 16 * MINUTE_MS, 600)
SINCE, UNTIL = "2012-02-22T10:00:00.000Z", "2012-02-22T10:16:00.000Z"


def test_sources_in_quarantine_are_listed_with_what_waits_of_them() -> None:
    [found] = listed({HELD.source: HELD}, {HELD.source: 1_234}, NOW + 1)
    assert found == Listed("digital/mailer", SINCE, UNTIL, True, 1_234)
    assert sentence(found) == "in quarantine since 2012-02-22 10:00Z, 1,234 held records wait"


def test_one_that_has_ended_is_listed_while_records_wait() -> None:
    assert listed({HELD.source: HELD}, {}, HELD.until) == []
    [found] = listed({HELD.source: HELD}, {HELD.source: 1}, HELD.until)
    assert not found.held_now
    assert sentence(found) == (
        "in quarantine from 2012-02-22 10:00Z to 2012-02-22 10:16Z, and 1 held record waits to be released"
    )


def test_what_a_release_has_left_is_listed_too() -> None:
    [found] = listed({}, {HELD.source: 3}, NOW)
    assert found == Listed("digital/mailer", None, None, False, 3)
    assert sentence(found) == "let go, and 3 held records wait to be released"


def test_a_source_that_may_be_an_address_is_not_named() -> None:
    held = Quarantine("ada@example.org", NOW, NOW + MINUTE_MS, 600)
    assert [one.source for one in listed({held.source: held}, {"+12125550123": 2}, NOW)] == ["*", "*"]


def test_those_in_quarantine_come_first_then_those_with_most_records() -> None:
    known = {"now": HELD, "was": Quarantine("was", NOW - 2, NOW - 1, 600)}
    assert [one.source for one in listed(known, {"was": 9, "left": 10}, NOW)] == ["now", "left", "was"]
