import pytest

from streams.shown import named, printable


@pytest.mark.parametrize(
    "word",
    [
        *("ada@example.org", "ada%40example.org", "tel:+12125550123", "202-555-0147", "+1.202.555.0147"),
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
