import orjson

from streams.quarantine.orders import Quarantine, alert_of, quarantine_record, read_quarantine_record
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
