"""Tables of times, places and names fit the terminal, and break none of them."""

import pytest

from streams.cli.whole_words import table_lines, whole_seconds

COLUMNS = "at", "fate", "status", "attempt", "record", "trouble"
ROWS = [
    ("2026-11-29T06:03:12Z", "waiting", "", "3", "contact-suppressions/1@1234567", "ClientConnectorCertificateError"),
    ("2026-11-29T06:04:12Z", "delivered", "204", "4", "segment-changes/0@12", ""),
]


@pytest.mark.parametrize("room", [30, 60, 80, 200])
def test_no_word_is_broken_and_none_is_lost(room: int) -> None:
    lines = [*table_lines(COLUMNS, ROWS, (2, 3), room)]
    words = " ".join(lines).replace(":  ", " ").split()
    assert {cell for row in ROWS for cell in row if cell} <= {*words}
    if room >= 60:
        assert max(map(len, lines)) <= room


def test_a_time_is_in_whole_seconds() -> None:
    assert whole_seconds(1_329_904_800_999) == "2012-02-22T10:00:00Z"
