"""What channels are told of no person."""

import pytest

from streams.domain.delivery.digests import digest_line, digest_lines
from streams.domain.delivery.notices import Notice


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
