from events.dead_letters import DeadLetter, Origin, dead_letter_headers
from events.refusal import Reason, Refusal

REFUSAL = Refusal(Reason.NO_TIME, "time: give one – with an offset")
ORIGIN = Origin("intake", "email-events", 3, 42)
OWN: list[tuple[str, bytes | None]] = [("trace", b"\xff"), ("empty", None), ("trace", b"2")]


def test_the_records_own_headers_come_first_and_unchanged() -> None:
    assert dead_letter_headers(OWN, REFUSAL, ORIGIN, 1_329_868_800_000) == [
        *OWN,
        ("dl_reason", b"no_time"),
        ("dl_detail", "time: give one – with an offset".encode()),
        ("dl_stage", b"intake"),
        ("dl_topic", b"email-events"),
        ("dl_partition", b"3"),
        ("dl_offset", b"42"),
        ("dl_time", b"2012-02-22T00:00:00.000Z"),
        ("dl_record_time", b"2012-02-22T00:00:00.000Z"),
    ]


def test_a_dead_letter_is_read_from_its_headers() -> None:
    letter = DeadLetter.of(dead_letter_headers(OWN, REFUSAL, ORIGIN, 5))
    assert letter == DeadLetter(REFUSAL, ORIGIN, 5, record_time=5)


def test_of_a_record_refused_twice_the_latest_refusal_is_read() -> None:
    once = dead_letter_headers(OWN, REFUSAL, ORIGIN, 5)
    again = dead_letter_headers(once, Refusal(Reason.NOT_JSON, "value"), Origin("intake", "t", 0, 1), 6)
    assert DeadLetter.of(again) == DeadLetter(
        Refusal(Reason.NOT_JSON, "value"), Origin("intake", "t", 0, 1), 6, record_time=5
    )


def test_other_headers_are_no_dead_letters() -> None:
    right = dict(dead_letter_headers((), REFUSAL, ORIGIN, 5))
    assert DeadLetter.of(()) is None
    for name, wrong in (("dl_reason", b"bored"), ("dl_offset", b"x"), ("dl_time", b"now"), ("dl_partition", None)):
        assert DeadLetter.of(list((right | {name: wrong}).items())) is None
        assert DeadLetter.of([header for header in right.items() if header[0] != name]) is None
