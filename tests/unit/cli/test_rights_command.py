"""`harmonia rights`: what is wrong is told before anything is asked or written, and how requests are shown."""

from datetime import date

import pytest

from streams.cli.rights_output import plain_count, print_desk
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


def test_programs_are_told_the_same() -> None:
    row = plain_request(LATE, TODAY)
    assert (row["days_left"], row["overdue"], row["in_time"], row["closed"]) == (-2, True, False, None)
    row = plain_request(CLOSED, TODAY)
    assert (row["days_left"], row["overdue"], row["in_time"], row["did"]) == (None, False, True, ["suppressed"])
    one = RequestCount(kind="erasure", year=2026, outcome="erased", in_time=True)
    assert plain_count(RightsDesk({}, {"counted/1": one, "counted/2": one})) == [
        {"kind": "erasure", "year": 2026, "outcome": "erased", "in_time": True, "requests": 2}
    ]
