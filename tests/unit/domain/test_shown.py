import pytest

from streams.domain.display_names import named, printable


@pytest.mark.parametrize(
    "word",
    [
        *("ada@example.org", "ada%40example.org", "tel:+12125550123", "202-555-0147", "+1.202.555.0147"),
        *("x:1555:123:4567", "tel/202/555/0147", "team/2026-555-123-4567", "202_555_0147", "van/17/2012-155-512-3456"),
        *("victim-at-x.org", "list/victim.at.mail.x.org", "victim_AT_x-dot-org"),
        *("Ada Lovelace", "söurce", "\x1b[2J", "x" * 81, ""),
    ],
)
def test_what_is_no_name_is_not_shown(word: str) -> None:
    assert named(word) == "*"


@pytest.mark.parametrize(
    "word",
    [
        "digital/mailer",
        "https://digital/mailer-2",
        "email.opened",
        "van:17",
        "list/2012-11-06",
        "van/2012-11-07T10:00:00Z",
        "van/2012-11-07T10:00:00.123456+00:00",
        "donation-events/3/4711",
        "donation-events/12/2012-11-06",
        "gotv_2012_11_06_wave_12",
        "actblue:AB1-1",
        "canvass-at-home/shift.booked",
        "look-at-this",
    ],
)
def test_names_are_shown(word: str) -> None:
    assert named(word) == word


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("gotv-1", "gotv-1"),
        ("Für Ärzte 🎉", "Für Ärzte 🎉"),
        ("\x1b[2Jgone", "?[2Jgone"),
        ("two\r\nlines", "two??lines"),
        ("\u202eback\u2028", "?back?"),
    ],
)
def test_of_free_text_nothing_is_shown_that_a_terminal_obeys(text: str, seen: str) -> None:
    assert printable(text) == seen
