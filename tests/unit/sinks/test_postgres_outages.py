"""An outage of PostgreSQL is said once, with the cure, and its end once."""

import re
from pathlib import Path

import pytest

from sinks.postgres.outages import QUIET_S, TROUBLES, Outage, described


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_outage_is_said_once_and_its_end_once() -> None:
    clock = Clock()
    outage = Outage(clock)
    assert outage.answered() is None
    said = []
    for _ in range(68):
        said.append(outage.failed("28P01"))
        clock.now += 0.5
    assert said[0] is not None
    assert "wrong password" in said[0]
    assert "HARMONIA_POSTGRES" in said[0]
    assert said[1:] == [None] * 67
    clock.now += QUIET_S
    assert outage.answered() == "postgres: answers again, after 34 s"
    assert outage.answered() is None
    assert outage.failed("28P01") == said[0]


def test_another_cause_in_the_same_outage_is_said() -> None:
    outage = Outage(Clock())
    told = [outage.failed(code) for code in ("ConnectionRefusedError", "57P03", "ConnectionRefusedError", "57P03")]
    assert [each is not None for each in told] == [True, True, False, False]


def test_where_some_calls_are_answered_and_others_are_not_it_does_not_come_and_go() -> None:
    clock = Clock()
    outage = Outage(clock)
    said = [outage.failed("42501")]
    for _ in range(30):
        clock.now += 1.0
        said += [outage.answered(), outage.failed("42501")]
    assert [each for each in said if each is not None] == [said[0]]


def test_a_code_that_is_not_known_is_said_by_itself() -> None:
    assert described("XX000") == "XX000"


@pytest.mark.parametrize("code", TROUBLES)
def test_the_page_lists_each_code_as_the_log_says_it(code: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", Path("docs/postgres.md").read_text(), re.MULTILINE)
    assert {each: told for each, *told in rows}.get(code) == [*TROUBLES[code]]
