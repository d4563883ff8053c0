from streams.domain.quarantine import flood_detection
from streams.domain.quarantine.flood_detection import (
    MARGIN_MS,
    MINUTE_MS,
    Flood,
    SourceTally,
    Suspicion,
    SuspicionQueue,
    floods_in,
    inspected_span,
)

NOON = 1_329_912_000_000
ONE = Suspicion("s", NOON, 600)


def test_one_waits_for_what_its_source_sends_next_and_is_looked_into_once() -> None:
    kept = SuspicionQueue()
    kept.queue(ONE, NOON + 5_000)
    assert kept.due(NOON + 5_000 + MARGIN_MS - 1) == []
    kept.queue(ONE._replace(refused=601), NOON + 6_000)
    assert kept.due(NOON + 5_000 + MARGIN_MS) == [ONE._replace(refused=601)]
    kept.settle(kept.due(NOON + 5_000 + MARGIN_MS))
    kept.queue(ONE._replace(refused=602), NOON + 50_000)
    assert kept.due(NOON + MINUTE_MS * 9) == []


def test_one_that_is_not_looked_into_for_broker_trouble_stays_due() -> None:
    kept = SuspicionQueue()
    kept.queue(ONE, NOON)
    assert kept.due(NOON + MARGIN_MS) == kept.due(NOON + 2 * MARGIN_MS) == [ONE]


def test_one_that_could_not_be_looked_into_keeps_no_other_from_being_looked_into() -> None:
    kept = SuspicionQueue()
    later = Suspicion("t", NOON + MINUTE_MS, 600)
    kept.queue(ONE, NOON)
    kept.queue(later, NOON + MINUTE_MS)
    now = NOON + 2 * MINUTE_MS
    kept.put_off(kept.due(now), now)
    assert kept.due(now) == [later]
    kept.settle([later])
    assert kept.due(now + MARGIN_MS) == [ONE]


def test_what_a_worker_learns_an_hour_later_is_looked_into_at_once() -> None:
    kept = SuspicionQueue()
    kept.queue(ONE, NOON + 3_600_000)
    assert kept.due(NOON + 3_600_000) == [ONE]


def test_of_a_source_that_is_let_go_nothing_is_looked_into_that_was_suspected_before() -> None:
    kept = SuspicionQueue()
    kept.queue(ONE, NOON)
    kept.forget("s")
    assert kept.due(NOON + MARGIN_MS) == []
    kept.queue(ONE._replace(at=NOON + MINUTE_MS), NOON + MINUTE_MS)
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


def test_made_up_sources_take_no_memory() -> None:
    kept = SuspicionQueue()
    for number in range(flood_detection.MAX_SUSPICIONS + 100):
        kept.queue(Suspicion(str(number), NOON, 600), NOON)
        kept.settle([Suspicion(f"t{number}", NOON, 600)])
    assert len(kept._waiting) == len(kept._settled) == flood_detection.MAX_SUSPICIONS
