"""Quarantine: floods, suspicions and release."""

import orjson
import pytest

from events.identifiers import Hasher
from events.registry import MODELS
from events.requeued import REQUEUED, with_history
from streams.domain.messages import english
from streams.domain.quarantine import flood_detection
from streams.domain.quarantine.flood_detection import (
    MARGIN_MS,
    MINUTE_MS,
    Flood,
    RefusalCounter,
    SourceTally,
    Suspicion,
    SuspicionQueue,
    floods_in,
    inspected_span,
)
from streams.domain.quarantine.guard import DEFERRABLE_TYPES, QuarantineGuard, is_deferrable
from streams.domain.quarantine.held_records import ListedSource, ReleasedRecords, list_sources, quarantine_message
from streams.domain.quarantine.quarantines import (
    Quarantine,
    alert_of,
    begins_quarantine,
    quarantine_after,
    quarantine_record,
    read_quarantine_record,
)
from tests.unit.domain.dead_letter_repair.writing import HASHER, Headers, once, saying
from tests.unit.events.records import NOW, event

SOURCE = "digital/mailer"
HELD = {SOURCE: Quarantine(SOURCE, NOW - 5, NOW + 5, 600)}


def guard() -> QuarantineGuard:
    made = QuarantineGuard(RefusalCounter(2), HASHER)
    made.replace_quarantines(HELD)
    return made


@pytest.mark.parametrize("type_", MODELS)
def test_money_refusals_commands_and_touches_are_never_held(type_: str) -> None:
    assert guard().holds(orjson.dumps(event(type_)), (), NOW) is (type_ in DEFERRABLE_TYPES)


def test_what_can_wait_is_of_the_contract_and_nothing_of_it_says_no_or_moves_money() -> None:
    assert MODELS.keys() > DEFERRABLE_TYPES
    kept = ("donation.", "contact.", "text.", "canvass.", "ballot.", "interaction.", "consent.")
    assert not [type_ for type_ in DEFERRABLE_TYPES if type_.startswith(kept)]
    assert not DEFERRABLE_TYPES & {"email.sent", "email.delivered", "email.bounced", "email.dropped"}
    assert not DEFERRABLE_TYPES & {"email.unsubscribed", "email.complained"}


def test_a_type_that_nobody_knows_may_wait() -> None:
    assert is_deferrable(None)
    assert is_deferrable("email.forwarded")
    assert guard().holds(saying().replace(b"email.opened", b"email.forwarded"), (), NOW)


def test_whoever_cannot_be_read_or_is_somebody_else_is_not_held() -> None:
    for value in (b"{", None, saying().replace(b"digital/mailer", b"field/app")):
        assert not guard().holds(value, (), NOW)


def test_what_was_appended_after_the_end_is_not_held() -> None:
    assert guard().holds(saying(), (), NOW + 4)
    assert not guard().holds(saying(), (), NOW + 5)


def test_what_an_operator_sends_anew_is_neither_held_nor_counted() -> None:
    headers = with_history(saying(), [], [once()], HASHER)
    assert not guard().holds(saying(), headers, NOW)
    one = QuarantineGuard(RefusalCounter(1), HASHER)
    one.refused(saying(), headers, NOW)
    assert list(one.take_found()) == []
    one.refused(saying(), (), NOW)
    assert [flood.source for flood in one.take_found()] == [SOURCE]


@pytest.mark.parametrize(
    "headers",
    [
        [(REQUEUED, b"")],
        [(REQUEUED, None)],
        [(REQUEUED, b"[]")],
        with_history(saying(), [], [once()], Hasher([b"a guess"])),
        with_history(saying("email.clicked"), [], [once()], HASHER),
        with_history(saying(), [("another", b"header")], [once()], HASHER)[1:],
    ],
    ids=["empty", "null", "no history", "another key", "of another record", "of other headers"],
)
def test_a_producer_cannot_write_the_header_that_lets_records_out_of_quarantine(headers: Headers) -> None:
    assert guard().holds(saying(), headers, NOW)
    one = QuarantineGuard(RefusalCounter(1), HASHER)
    one.refused(saying(), headers, NOW)
    assert [flood.source for flood in one.take_found()] == [SOURCE]


def test_a_source_with_too_long_a_name_is_nobody() -> None:
    one = QuarantineGuard(RefusalCounter(1), HASHER)
    one.refused(saying().replace(b"digital/mailer", b"x" * 257), (), NOW)
    assert list(one.take_found()) == []


def test_a_source_that_is_let_go_begins_anew() -> None:
    one = guard()
    one.refused(saying(), (), NOW)
    one.replace_quarantines({})
    assert not one.is_needed
    one.refused(saying(), (), NOW)
    assert list(one.take_found()) == []


def test_a_history_that_nobody_can_read_is_that_of_no_record_that_was_requeued() -> None:
    """Brackets a thousand deep once ended every worker that met them, at each start."""
    deep = b'[{"x":' + b"[" * 2_000 + b"]" * 2_000 + b"}]"

    for value in (deep, b"\xff", b"{", b"[]", b'[{"proof":1e999}]'):
        assert guard().holds(saying(), [(REQUEUED, value)], NOW)


NOON = 1_329_912_000_000


def refuse(counting: RefusalCounter, times: int, source: str = "s", at: int = NOON) -> list[Suspicion]:
    return [found for _ in range(times) if (found := counting.refused(source, at)) is not None]


def test_so_many_in_a_minute_are_suspected_and_each_one_more_says_so_again() -> None:
    assert refuse(RefusalCounter(10), 11) == [Suspicion("s", NOON, 10), Suspicion("s", NOON, 11)]


def test_what_comes_in_two_minutes_or_of_two_sources_is_not() -> None:
    counting = RefusalCounter(10)
    assert refuse(counting, 9) == []
    assert refuse(counting, 9, at=NOON + MINUTE_MS) == []
    assert refuse(counting, 9, source="other") == []


def test_partitions_may_be_read_at_different_speeds() -> None:
    """What counts is when the broker had it."""
    counting = RefusalCounter(10)
    for minute in (5, 0, 5, 0):
        assert refuse(counting, 4, at=NOON + minute * MINUTE_MS) == []
    assert [found.at for found in refuse(counting, 2, at=NOON)] == [NOON]


def test_nothing_is_suspected_where_it_is_turned_off() -> None:
    assert refuse(RefusalCounter(0), 1000) == []


def test_a_source_that_is_forgotten_begins_anew() -> None:
    counting = RefusalCounter(10)
    refuse(counting, 9)
    counting.forget("s")
    assert refuse(counting, 9) == []
    assert refuse(counting, 1) != []


def test_made_up_sources_take_no_memory() -> None:
    counting = RefusalCounter(10)
    for number in range(flood_detection.MAX_COUNTS + 100):
        counting.refused(str(number), NOON)
    assert len(counting._counts) == flood_detection.MAX_COUNTS


LISTED = Quarantine("digital/mailer", NOW, NOW + 16 * MINUTE_MS, 600)
SINCE, UNTIL = "2012-02-22T10:00:00.000Z", "2012-02-22T10:16:00.000Z"


def test_sources_in_quarantine_are_listed_with_what_waits_of_them() -> None:
    [found] = list_sources({LISTED.source: LISTED}, {LISTED.source: 1_234}, NOW + 1)
    assert found == ListedSource("digital/mailer", SINCE, UNTIL, True, 1_234)
    assert english(quarantine_message(found)) == "in quarantine since 2012-02-22 10:00Z, 1,234 held records wait"


def test_one_that_has_ended_is_listed_while_records_wait() -> None:
    assert list_sources({LISTED.source: LISTED}, {}, LISTED.until) == []
    [found] = list_sources({LISTED.source: LISTED}, {LISTED.source: 1}, LISTED.until)
    assert not found.held_now
    assert english(quarantine_message(found)) == (
        "in quarantine from 2012-02-22 10:00Z to 2012-02-22 10:16Z, and 1 held record waits to be released"
    )


def test_a_source_that_may_be_an_address_is_not_named() -> None:
    held = Quarantine("ada@example.org", NOW, NOW + MINUTE_MS, 600)
    assert [one.source for one in list_sources({held.source: held}, {"+12125550123": 2}, NOW)] == ["*", "*"]


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


def note(letter: object) -> bytes:
    return b'{"at": "2012-02-22T10:00:00.000Z", "letter": "%s"}' % str(letter).encode()


def test_what_was_sent_anew_does_not_wait_any_more() -> None:
    released = ReleasedRecords()
    for place in ("quarantine/0/5", "quarantine/0/7", "quarantine/2/0", "dead-letters/0/6"):
        released.take(note(place))
    assert [released.has(0, offset) for offset in (4, 5, 6, 7, 8)] == [False, True, False, True, False]
    assert released.waiting({0: 0, 1: 0, 2: 0}, {0: 10, 1: 3, 2: 1}) == 8 + 3 + 0


def test_what_the_broker_has_deleted_neither_waits_nor_is_taken_off() -> None:
    released = ReleasedRecords()
    for offset in range(6):
        released.take(note(f"quarantine/0/{offset}"))
    assert released.waiting({0: 4}, {0: 10}) == 4


@pytest.mark.parametrize(
    "value", [None, b"", b"{", b"{}", b"\xff", note("quarantine"), note("quarantine/0"), note("quarantine/x/y")]
)
def test_a_note_that_cannot_be_read_says_nothing(value: bytes | None) -> None:
    released = ReleasedRecords()
    released.take(value)
    assert released.waiting({0: 0}, {0: 3}) == 3


def test_an_offset_that_no_topic_has_takes_no_memory() -> None:
    released = ReleasedRecords()
    released.take(note(f"quarantine/0/{10**15}"))
    released.take(note("quarantine/0/-1"))
    assert released.waiting({0: 0}, {0: 3}) == 3


SUSPECT = Suspicion("s", NOON, 600)


def test_one_waits_for_what_its_source_sends_next_and_is_looked_into_once() -> None:
    kept = SuspicionQueue()
    kept.queue(SUSPECT, NOON + 5_000)
    assert kept.due(NOON + 5_000 + MARGIN_MS - 1) == []
    kept.queue(SUSPECT._replace(refused=601), NOON + 6_000)
    assert kept.due(NOON + 5_000 + MARGIN_MS) == [SUSPECT._replace(refused=601)]
    kept.settle(kept.due(NOON + 5_000 + MARGIN_MS))
    kept.queue(SUSPECT._replace(refused=602), NOON + 50_000)
    assert kept.due(NOON + MINUTE_MS * 9) == []


def test_one_that_is_not_looked_into_for_broker_trouble_stays_due() -> None:
    kept = SuspicionQueue()
    kept.queue(SUSPECT, NOON)
    assert kept.due(NOON + MARGIN_MS) == kept.due(NOON + 2 * MARGIN_MS) == [SUSPECT]


def test_one_that_could_not_be_looked_into_keeps_no_other_from_being_looked_into() -> None:
    kept = SuspicionQueue()
    later = Suspicion("t", NOON + MINUTE_MS, 600)
    kept.queue(SUSPECT, NOON)
    kept.queue(later, NOON + MINUTE_MS)
    now = NOON + 2 * MINUTE_MS
    kept.put_off(kept.due(now), now)
    assert kept.due(now) == [later]
    kept.settle([later])
    assert kept.due(now + MARGIN_MS) == [SUSPECT]


def test_what_a_worker_learns_an_hour_later_is_looked_into_at_once() -> None:
    kept = SuspicionQueue()
    kept.queue(SUSPECT, NOON + 3_600_000)
    assert kept.due(NOON + 3_600_000) == [SUSPECT]


def test_of_a_source_that_is_let_go_nothing_is_looked_into_that_was_suspected_before() -> None:
    kept = SuspicionQueue()
    kept.queue(SUSPECT, NOON)
    kept.forget("s")
    assert kept.due(NOON + MARGIN_MS) == []
    kept.queue(SUSPECT._replace(at=NOON + MINUTE_MS), NOON + MINUTE_MS)
    assert len(kept.due(NOON + MINUTE_MS + MARGIN_MS)) == 1


def test_one_look_is_about_one_minute() -> None:
    kept = SuspicionQueue()
    for source, minute in (("s", 0), ("t", 1), ("t", 0)):
        kept.queue(Suspicion(source, NOON + minute * MINUTE_MS, 600), NOON + 9 * MINUTE_MS)
    due = kept.due(NOON + 9 * MINUTE_MS)
    assert [(each.source, each.at) for each in due] == [("s", NOON), ("t", NOON)]
    kept.settle(due)
    assert [each.source for each in kept.due(NOON + 9 * MINUTE_MS)] == ["t"]


def test_what_is_looked_at_is_the_minute_and_a_little_around_it_and_nothing_that_is_to_come() -> None:
    assert inspected_span(NOON, NOON + 5 * MINUTE_MS) == (NOON - MARGIN_MS, NOON + MINUTE_MS + MARGIN_MS)
    assert inspected_span(NOON, NOON + 15_000) == (NOON - MARGIN_MS, NOON + 15_000)


def test_a_flood_is_a_share_of_all_that_was_sent() -> None:
    suspected = [Suspicion(source, NOON, 600) for source in ("bad", "half", "good", "unseen")]
    tallies = {"bad": SourceTally(9, 1), "half": SourceTally(600, 600), "good": SourceTally(600, 6_900)}
    assert floods_in(suspected, tallies, 0.5) == [Flood("bad", NOON, 600, 0.9), Flood("half", NOON, 600, 0.5)]


def test_made_up_sources_take_no_memory_for_suspicions() -> None:
    kept = SuspicionQueue()
    for number in range(flood_detection.MAX_SUSPICIONS + 100):
        kept.queue(Suspicion(str(number), NOON, 600), NOON)
        kept.settle([Suspicion(f"t{number}", NOON, 600)])
    assert len(kept._waiting) == len(kept._settled) == flood_detection.MAX_SUSPICIONS
