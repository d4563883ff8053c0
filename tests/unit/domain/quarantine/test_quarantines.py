import orjson

from streams.domain.quarantine.flood_detection import MINUTE_MS, Flood
from streams.domain.quarantine.quarantines import (
    Quarantine,
    alert_of,
    begins_quarantine,
    quarantine_after,
    quarantine_record,
    read_quarantine_record,
)
from tests.unit.events.records import NOW

ONE = Quarantine("digital/mailer", NOW, NOW + 900_000, 640)


def test_what_is_written_is_read_and_a_null_lets_go() -> None:
    held: dict[str, Quarantine] = {}
    key, value = quarantine_record(ONE)
    read_quarantine_record(key, value, held)
    assert held == {"digital/mailer": ONE}
    read_quarantine_record(key, None, held)
    assert held == {}


def test_what_cannot_be_read_holds_nobody() -> None:
    held: dict[str, Quarantine] = {}
    for value in (b"", b"{", b"{}", b'{"source": "s", "since": "now", "until": "never"}', b"\xff"):
        read_quarantine_record(b"s", value, held)
    read_quarantine_record(None, quarantine_record(ONE)[1], held)
    assert held == {}


def test_an_alert_has_an_id_for_each_quarantine_and_says_what_to_do() -> None:
    alert = alert_of(ONE, 0.934)
    assert (alert["rule"], alert["subject"], alert["at"]) == (
        "source_quarantined",
        ONE.source,
        "2012-02-22T10:00:00.000Z",
    )
    assert alert_of(Quarantine(ONE.source, NOW, NOW, 1), 1)["alert_id"] == alert["alert_id"]
    assert alert_of(Quarantine(ONE.source, NOW + 1, NOW, 1), 1)["alert_id"] != alert["alert_id"]
    assert "640 records refused within a minute, 93% of what it sent" in alert["detail"]
    assert "harmonia dead-letters release" in alert["detail"]
    assert orjson.loads(orjson.dumps(alert)) == alert


def test_an_alert_names_no_source_that_may_be_an_address() -> None:
    alerts = [alert_of(Quarantine(source, NOW, NOW, 600), 1) for source in ("ada@example.org", "bob@example.org")]
    assert [alert["subject"] for alert in alerts] == ["*", "*"]
    assert b"example.org" not in orjson.dumps(alerts)
    assert alerts[0]["alert_id"] != alerts[1]["alert_id"]


CALM = 15 * MINUTE_MS


def after(minute: int, before: Quarantine | None) -> Quarantine | None:
    return quarantine_after(Flood("s", NOW + minute * MINUTE_MS, 700, 0.9), before, CALM)


def test_a_source_is_held_until_it_was_calm_for_so_long() -> None:
    held = after(0, None)
    assert held == Quarantine("s", NOW, NOW + MINUTE_MS + CALM, 700)
    assert begins_quarantine(held, None)


def test_a_flood_that_goes_on_makes_it_longer_and_is_no_news_every_time() -> None:
    first = after(0, None)
    assert [after(minute, first) for minute in range(8)] == [None] * 8
    longer = after(8, first)
    assert longer is not None
    assert longer.until == NOW + 9 * MINUTE_MS + CALM
    assert not begins_quarantine(longer, first)


def test_a_flood_after_the_end_is_a_quarantine_of_its_own() -> None:
    first = after(0, None)
    again = after(16, first)
    assert again is not None
    assert again.since == NOW + 16 * MINUTE_MS
    assert begins_quarantine(again, first)


def test_a_flood_of_before_that_is_read_late_changes_nothing() -> None:
    assert after(-3, after(0, None)) is None
