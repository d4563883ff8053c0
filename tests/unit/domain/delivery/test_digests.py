"""What channels are told, and how often: of no person, and one message a minute at most."""

import pytest

from streams.domain.delivery.digests import LINES, WINDOW_S, digest_line, digest_lines, next_digest
from streams.domain.delivery.notices import Notice
from streams.domain.delivery.standing import Wait


@pytest.mark.parametrize(
    ("rule", "subject", "line"),
    [
        ("identity_cap", f"email:{'ab' * 16}", "identity_cap: an identifier"),
        ("identity_cap", "c-1", "identity_cap: an identifier"),
        ("complaints", f"phone:{'ab' * 16}", "complaints: an identifier"),
        ("complaints", "call ada@example.org +15551234567", "complaints: *"),
        ("complaints", "call +1 555 123 4567", "complaints: *"),
        ("complaints", "campaign 3", "complaints: campaign 3"),
        ("complaints", "spring-ask", "complaints: spring-ask"),
    ],
)
def test_no_hash_and_no_address_is_in_a_line(rule: str, subject: str, line: str) -> None:
    assert digest_line(Notice("system.alert", 1, {"rule": rule, "subject": subject})) == line


def test_how_often_a_line_came_is_the_sum_of_what_was_counted() -> None:
    alert = Notice("contact.alert", 1, {"rule": "over_cap", "contact_id": "c-1"})
    assert digest_lines([alert._replace(times=12), alert]) == ["over_cap: a contact (13 times)"]


def test_a_minute_passes_between_two_messages_however_many_lines_wait() -> None:
    waits = [(number, Wait(0, 0, f"line {number}", 0)) for number in range(2 * LINES)]
    assert next_digest(waits, 1_000) == [*range(LINES)]
    assert next_digest(waits, 1_000 + WINDOW_S * 1000 - 1, 1_000) == []
    assert next_digest(waits, 1_000 + WINDOW_S * 1000, 1_000) == [*range(LINES)]
    assert next_digest(waits, 1_000, 2_000) == [*range(LINES)], "a clock that was set back holds up nothing"


def test_what_failed_waits_for_that_minute_too() -> None:
    failed = [(1, Wait(1, 0, "line", 0))]
    assert next_digest(failed, 2_000, 1_000) == []
    assert next_digest(failed, 2_000) == [1]
