"""`harmonia rights`: what is wrong is told before anything is asked or written, and how requests are shown."""

from collections.abc import Sequence
from datetime import date

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from streams.cli.main import app
from streams.cli.rights_output import plain_count, print_desk, print_request
from streams.domain.rights.plain import plain_request
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.domain.rights.steps import RequestCount

TODAY = date(2026, 3, 2)
LATE = RightsRequest("aa" * 10, "access", "crm.ada", date(2026, 1, 31), date(2026, 2, 28), ())
EXTENDED = RightsRequest("bb" * 10, "erasure", None, date(2026, 1, 31), date(2026, 4, 30), (), extended="complexity")
CLOSED = RightsRequest(
    *("cc" * 10, "objection", "crm.bo", date(2026, 2, 2), date(2026, 3, 2), ()),
    answered=date(2026, 2, 2),
    did=("suppressed",),
    closed=date(2026, 3, 1),
    outcome="granted",
    reference="letters/17",
)


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (("open", "curiosity", "ada"), "'curiosity' is not one of 'access'"),
        (("open", "access", "ada", "--received", "31/01/2026"), "--received: give a date, such as 2026-02-22"),
        (("open", "access", "ada", "--received", "2999-01-01"), "--received: that day has not come yet"),
        (("open", "access", "ada", "--received", "1026-11-25"), "--received: that day is more than ten years ago"),
        (("open", "access", "ada", "--by", "Ada <ada@example.org>"), "--by: give a name such as"),
        (("extend", "aa", "--reason", "holiday"), "'holiday' is not one of 'complexity', 'number'"),
        (("close", "aa", "--outcome", "granted", "--reference", "to ada@example.org"), "--reference: give 1 to 128"),
        (("close", "aa", "--outcome", "granted", "--on", "soon"), "--on: give a date"),
    ],
)
def test_wrong_use_is_told_and_nothing_is_sent(words: Sequence[str], cure: str) -> None:
    nowhere = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "REDIS_URL": "redis://127.0.0.1:1"}
    ended = CliRunner().invoke(app, ["rights", *words], env=nowhere)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert cure in " ".join(ended.stderr.replace("│", "").split())
    assert "ada@" not in ended.output


def test_the_list_says_what_is_left_and_what_is_overdue(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    print_desk([LATE, EXTENDED, CLOSED], TODAY)
    late, extended, closed, said = capsys.readouterr().out.splitlines()[1:]
    assert late.split()[:4] == ["aaaaaaaa", "access", "crm.ada", "2026-02-28"]
    assert "overdue by 2 days  open" in late
    assert extended.split()[-3:] == ["59", "days", "extended"]
    assert closed.split()[-4:] == ["in", "time", "closed:", "granted"]
    assert said.startswith("1 overdue")


def test_on_a_narrow_terminal_neither_a_contact_nor_a_date_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    contact = f"email:{'0123456789abcdef' * 2}"
    print_desk([replace(LATE, contact_id=contact)], TODAY)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    words = " ".join(lines).split()
    assert {contact, "2026-02-28", "overdue"} <= {*words}


def test_nothing_open_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_desk([], TODAY)
    assert capsys.readouterr().out == "no request is open\n"


def test_one_request_is_shown_with_all_that_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    print_request(CLOSED, TODAY)
    shown = " ".join(capsys.readouterr().out.split())
    for told in ("contact crm.bo", "done 2026-02-02: suppressed", "closed 2026-03-01: granted", "reference letters/17"):
        assert told in shown
    assert "extended" not in shown


def test_programs_are_told_the_same() -> None:
    row = plain_request(LATE, TODAY)
    assert (row["days_left"], row["overdue"], row["in_time"], row["closed"]) == (-2, True, False, None)
    row = plain_request(CLOSED, TODAY)
    assert (row["days_left"], row["overdue"], row["in_time"], row["did"]) == (None, False, True, ["suppressed"])
    one = RequestCount(kind="erasure", year=2026, outcome="erased", in_time=True)
    assert plain_count(RightsDesk({}, {"counted/1": one, "counted/2": one})) == [
        {"kind": "erasure", "year": 2026, "outcome": "erased", "in_time": True, "requests": 2}
    ]
