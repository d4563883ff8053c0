"""Tables fit the terminal, and lose nothing of what is in them."""

import pytest

from streams.cli.output import print_table

ID = "6f1e0000aaaabbbbccccdddd0000ffff"
ROWS = [
    ("email", "fundraising", "2026-02-04 17:00:00", "digital", "digital/mailer", ID),
    ("door", "informational", "2026-02-03 17:00:00", "field", "field/[van]", "r1"),
]
COLUMNS = ("channel", "purpose", "at", "team", "source", "id")


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_table_fits_80_columns_and_breaks_no_time_and_loses_no_letter(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, ROWS, "touches")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["", "touches"]
    assert max(map(len, lines)) <= 80
    assert any("2026-02-04 17:00:00" in line for line in lines)
    assert ID in "".join(line.split()[-1] for line in lines if line.strip())
    assert "field/[van]" in "".join(lines)


def test_a_table_without_rows_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, [], "touches")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("width", ["20", "40", "79", "200"])
def test_a_table_loses_no_letter_at_any_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    print_table(COLUMNS, ROWS)
    out = capsys.readouterr().out
    assert "…" not in out
    assert sorted(out.replace(" ", "").replace("\n", "")) == sorted(
        "".join("".join(row) for row in (COLUMNS, *ROWS)).replace(" ", "")
    )


def test_what_somebody_sent_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("what",), [("a\x1b[2J\x07\u202eb\r\nc",)])
    assert capsys.readouterr().out.splitlines()[1].strip() == "a?[2J??b??c"
