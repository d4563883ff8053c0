"""Tables of times, places and names fit the terminal, and break none of them."""

import pytest

from streams.cli.whole_words import print_whole_words, table_lines, whole_seconds

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


def test_what_does_not_fit_stands_below_its_row() -> None:
    assert [*table_lines(COLUMNS, ROWS, (2, 3), 80)] == [
        "at                    fate       status  attempt  record",
        "2026-11-29T06:03:12Z  waiting                  3  contact-suppressions/1@1234567",
        "    trouble: ClientConnectorCertificateError",
        "2026-11-29T06:04:12Z  delivered     204        4  segment-changes/0@12",
    ]


def test_a_cell_of_several_words_and_a_heading_are_broken_between_them() -> None:
    rows = [("a", "left alone until it answers"), ("b", "well")]
    assert [*table_lines(("failed before", "how"), rows, (0,), 15)] == [
        "failed  how",
        "before",
        "     a  left",
        "        alone",
        "        until",
        "        it",
        "        answers",
        "     b  well",
    ]


def test_the_width_of_the_terminal_is_kept_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_whole_words(COLUMNS, ROWS, right=(2, 3))
    print_whole_words(COLUMNS, [])
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 4
    assert max(map(len, out)) <= 80


def test_a_time_is_in_whole_seconds() -> None:
    assert whole_seconds(1_329_904_800_999) == "2012-02-22T10:00:00Z"
