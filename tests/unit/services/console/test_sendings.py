"""Lists that people have uploaded: a child that fails ends the judging, and what nobody looks at is forgotten."""

import asyncio
import csv
import io
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import BinaryIO

import pytest

from streams.services.console.sendings import Question, Sending, Sendings

ASKED = Question("letter", "informational", "digital")
JUDGES = """import sys
sys.stdout.write("email,harmonia_expires_at\\n" + "a@example.org,\\n")
sys.stderr.write('{"rows": 1, "complete": true, "reasons": {"allow:allowed": 1}}')
"""


def upload() -> BinaryIO:
    file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 (its owner closes it)
    file.write(b"email\na@example.org\n")
    return file


def test_who_judges_a_list_of_calls_is_told_whether_a_machine_calls() -> None:
    calls = Question("phone", "mobilisation", "field")
    assert not any("caller" in each for each in calls.options())
    assert replace(calls, automatic=False).options()[-1] == "--caller=live"
    assert replace(calls, automatic=True).options()[-1] == "--caller=machine"
    assert not any("caller" in each for each in ASKED.options())


async def settled(sendings: Sendings) -> Sending:
    found = sendings.of("ada")
    assert found is not None
    assert found.task is not None
    await asyncio.gather(found.task, return_exceptions=True)
    return found


@pytest.fixture
async def judged() -> AsyncIterator[Sendings]:
    """With a list that was judged."""
    sendings = Sendings((sys.executable, "-c", JUDGES))
    assert await sendings.begin("ada", upload(), ASKED)
    yield sendings
    await sendings.stop()


async def test_what_came_of_a_list_is_known_once_its_child_has_ended(judged: Sendings) -> None:
    one = await settled(judged)
    assert (one.state, one.rows, one.reasons) == ("judged", 1, {("allow", "allowed"): 1})
    assert b"".join(one.pieces()) == b"email,harmonia_expires_at\na@example.org,\n"


async def test_a_note_over_several_lines_makes_no_row_of_the_download_and_its_names_no_formula() -> None:
    allowed = '\ufeff=note,email\n"-\nper5@example.org",a@example.org\n"x\r=1+1",b@example.org\n'.encode()
    judges = f"import sys\nsys.stdout.buffer.write({allowed!r})\n{JUDGES.splitlines()[2]}"
    sendings = Sendings((sys.executable, "-c", judges))
    assert await sendings.begin("ada", upload(), ASKED)
    one = await settled(sendings)
    text = b"".join(one.pieces()).decode("utf-8-sig")
    await sendings.stop()
    assert [*csv.reader(io.StringIO(text, newline=""), strict=True)] == [
        ["'=note", "email"],
        ["'-\nper5@example.org", "a@example.org"],
        ["x\r'=1+1", "b@example.org"],
    ]


async def test_line_of_a_note_as_wide_as_the_download_becomes_no_row_of_it() -> None:
    allowed = 'email,note,harmonia_expires_at\na@example.org,"-\nper5@example.org,x,x\n-",\n'
    sendings = Sendings((sys.executable, "-c", f"import sys\nsys.stdout.write({allowed!r})\n{JUDGES.splitlines()[2]}"))
    assert await sendings.begin("ada", upload(), ASKED)
    one = await settled(sendings)
    text = b"".join(one.pieces()).decode()
    await sendings.stop()
    assert [*csv.reader(io.StringIO(text, newline=""), strict=True)][1:] == [
        ["a@example.org", "'-\nper5@example.org,x,x\n'-", ""]
    ]


@pytest.mark.parametrize(
    "command",
    [
        ("/nowhere/harmonia",),
        (sys.executable, "-c", "import sys; sys.exit('Redis is away')"),
        (sys.executable, "-c", "import sys; sys.stderr.write('{no JSON')"),
        (sys.executable, "-c", "import sys; sys.stderr.write('{\"rows\": 1}')"),
        (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"),
    ],
    ids=["cannot start", "says why", "says nonsense", "says too little", "is killed"],
)
async def test_a_child_that_judges_nothing_ends_the_judging(command: tuple[str, ...]) -> None:
    sendings = Sendings(command)
    await sendings.begin("ada", upload(), ASKED)
    one = await settled(sendings)
    assert one.state == "failed"
    assert "Redis is away" in one.why or command[-1].count("away") == 0
    await sendings.stop()


async def test_a_list_that_nobody_looks_at_is_forgotten_by_itself() -> None:
    sendings = Sendings((sys.executable, "-c", JUDGES), kept_s=0.05)
    await sendings.begin("ada", upload(), ASKED)
    one = await settled(sendings)
    async with asyncio.timeout(30):
        while not one.upload.closed:  # noqa: ASYNC110 (it is a file that is closed)
            await asyncio.sleep(0.01)
    assert sendings.of("ada") is None
