"""Lists that people have uploaded: who of them may be reached, judged by `harmonia permit` in a child process.

A list, and what came of it, are files without a name: nobody can open them but this process and its child, and they are
gone when it ends, also when it is killed. One list for each person; it goes with the session, or half an hour after it
was last looked at.

Only a list that was judged to its end can be downloaded. Where a child that reserves ends before that, what it had
reserved until then stays, and is counted in Redis.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO, Literal

from sinks.reservations import new_list_id
from streams.platform.child_command import child_command
from streams.services.audience import workbook
from streams.services.audience.csv_records import MOST_JUDGED_BYTES, CsvRecord, fields_of, written_records
from streams.services.audience.header import BOM
from streams.services.audience.reader import mark_of_list

COMMAND = (sys.executable, "-m", "streams.cli.main", "permit")
KEPT_S = 30 * 60.0
"""Seconds after the last look at which a list is forgotten."""
MOST_LISTS = 8
MOST_BARS = 48
State = Literal["judging", "judged", "cancelled", "failed"]
_PIECE = 1 << 16
_REFUSED = 2
"""The exit code of `harmonia permit` where it cannot use a list, and so has judged nobody."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about everybody on a list.

    `reserve_s`: 0 reserves nobody. `automatic`: of calls, whether a machine calls; None: nobody says. `segment`: whose
    members are asked about; empty where the list was uploaded.
    """

    channel: str
    purpose: str
    team: str
    campaign: str = ""
    reserve_s: int = 0
    automatic: bool | None = None
    segment: str = ""

    def options(self) -> list[str]:
        """The options of `harmonia permit`."""
        named = {
            "channel": self.channel,
            "purpose": self.purpose,
            "team": self.team,
            "campaign": self.campaign,
            "of-segment": self.segment,
        }
        told = [f"--{name}={value}" for name, value in named.items() if value]
        if self.automatic is not None:
            told.append("--caller=machine" if self.automatic else "--caller=live")
        return [*told, f"--reserve={self.reserve_s}"] if self.reserve_s else told


@dataclass(slots=True)
class Sending:
    """A list and what is known of it. `size`: its bytes; `reasons`: rows by decision and reason.

    `hours`: how many are allowed for the first time in an hour, by ms since 1970. `why`: of one that failed, the words
    of the command; `is_refused`: it cannot be judged at all. `remarks`: on names that may be misspelled, as the command
    says them. `list_id`: by which all who were reserved can be given back; `given_back`: how many were, None while none
    was; `given_back_elsewhere`: all were, by a command. `expected`: how many might be reached when it was judged
    before; None: it was not, or not to its end. `began_ms`: when its judging began, ms since 1970.
    """

    upload: BinaryIO
    size: int
    question: Question
    allowed: BinaryIO
    others: BinaryIO
    state: State = "judging"
    reasons: Mapping[tuple[str, str], int] = field(default_factory=dict)
    hours: Sequence[tuple[str, int]] = ()
    rows: int = 0
    why: str = ""
    is_refused: bool = False
    remarks: Sequence[str] = ()
    expected: int | None = None
    seen_at: float = 0.0
    task: asyncio.Task[None] | None = None
    began_ms: int = 0
    list_id: str = ""
    given_back: int | None = None
    given_back_elsewhere: bool = False
    _written: int = 0
    _looked_to: int = 0

    @property
    def share(self) -> float:
        """The part of the list that was read so far. The child shares the position in the file."""
        return min(1.0, os.lseek(self.upload.fileno(), 0, os.SEEK_CUR) / self.size) if self.size else 1.0

    @property
    def total_allowed(self) -> int:
        """How many rows may be reached now."""
        return sum(rows for (decision, _), rows in self.reasons.items() if decision == "allow")

    def written(self) -> int:
        """How many rows the child has written so far as those who may be reached, by their lines.

        A field over several lines counts for several, so there are never more than were expected.
        """
        while piece := os.pread(self.allowed.fileno(), _PIECE, self._looked_to):
            self._looked_to += len(piece)
            self._written += piece.count(b"\n")
        rows = max(0, self._written - 1)  # without the header
        return rows if self.expected is None else min(rows, self.expected)

    @property
    def reserved_until_ms(self) -> int | None:
        """Until when all who may be reached are reserved at least, ms since 1970; None: they were not."""
        has_reserved = self.state == "judged" and self.question.reserve_s > 0
        is_reserved = has_reserved and self.given_back is None and not self.given_back_elsewhere
        return self.began_ms + 1000 * self.question.reserve_s if is_reserved else None

    def note_reserved(self, count: int, wall_ms: int) -> None:
        """Take note of how many are reserved in Redis: none of a list that was reserved, so all were given back."""
        until_ms = self.reserved_until_ms
        if not count and self.total_allowed and until_ms is not None and wall_ms < until_ms:
            self.given_back_elsewhere = True

    def may_be_reserved(self, wall_ms: int) -> bool:
        """Whether those who may be reached can be reserved now, and are not yet; `wall_ms`: what time it is."""
        if self.question.purpose == "transactional":
            return False
        until_ms = self.reserved_until_ms
        is_free = until_ms is None or until_ms <= wall_ms
        return self.broke_off_reserving or (self.state == "judged" and self.total_allowed > 0 and is_free)

    @property
    def broke_off_reserving(self) -> bool:
        """Whether a child has ended too early that may have reserved some."""
        has_ended = self.state in ("cancelled", "failed") and self.given_back is None
        return has_ended and self.question.reserve_s > 0

    def throw_away(self) -> None:
        """Let go of what was written of a list that was not judged to its end."""
        for file in (self.allowed, self.others):
            file.truncate(0)

    def close(self) -> None:
        """Let go of the files, which have no name: nothing of them is left."""
        for file in (self.upload, self.allowed, self.others):
            file.close()

    def pieces(self) -> Iterator[bytes]:
        """Those who may be reached, as CSV with harmless cells."""
        file = os.fdopen(os.open(f"/proc/self/fd/{self.allowed.fileno()}", os.O_RDONLY), "rb")
        with file:
            head = file.readline()
            bare = head.removeprefix(BOM.encode())
            mark = mark_of_list(bare)
            width = len(fields_of(bare, mark=mark) or ())
            piece = bytearray(head[: len(head) - len(bare)])
            for record in chain((CsvRecord(1, bare, mark=mark),), written_records(file, mark)):
                piece += record.harmless(width)
                if len(piece) > _PIECE:
                    yield bytes(piece)
                    piece.clear()
            yield bytes(piece)


class Sendings:
    """The lists of all people of one console, by their names.

    `clock`: seconds that only grow; `kept_s`: those after the last look at which a list is forgotten.
    """

    def __init__(
        self,
        command: Sequence[str] = COMMAND,
        clock: Callable[[], float] = time.monotonic,
        kept_s: float = KEPT_S,
    ) -> None:
        self._command = command
        self._clock = clock
        self._kept_s = kept_s
        self._next_sweep: asyncio.TimerHandle | None = None
        self._of: dict[str, Sending] = {}

    def of(self, name: str) -> Sending | None:
        """The list of somebody, None where there is none."""
        self._sweep()
        found = self._of.get(name)
        if found is not None:
            found.seen_at = self._clock()
        return found

    def list_id_of(self, name: str, upload: BinaryIO) -> str:
        """The id of somebody's list; another one for another list."""
        found = self._of.get(name)
        return found.list_id if found is not None and found.upload is upload else new_list_id()

    async def begin(self, name: str, upload: BinaryIO, question: Question, list_id: str = "") -> bool:
        """Judge a list in place of the one before; False: too many are kept."""
        before = self._of.get(name)
        list_id = list_id or self.list_id_of(name, upload)
        expected = None
        if before is not None and before.upload is upload:
            expected = before.total_allowed if before.state == "judged" else before.expected
            await self.cancel(name)
            for file in (before.allowed, before.others):
                file.close()
            self._of.pop(name)
        else:
            await self.drop(name)
        self._sweep()
        if len(self._of) >= MOST_LISTS:
            return False
        size = upload.seek(0, os.SEEK_END)
        allowed, others = tempfile.TemporaryFile("w+b"), tempfile.TemporaryFile("w+b")  # noqa: SIM115 (kept)
        one = Sending(upload, size, question, allowed, others, seen_at=self._clock(), began_ms=_now_ms())
        one.expected, one.list_id = expected, list_id
        self._of[name] = one
        one.task = asyncio.create_task(self._judge(one, name))
        self._sweep()
        return True

    async def cancel(self, name: str) -> None:
        """End the judging of a list; it stays, to be judged again."""
        found = self._of.get(name)
        if found is not None and found.task is not None and not found.task.done():
            found.task.cancel()
            await asyncio.gather(found.task, return_exceptions=True)
            found.state = "cancelled"

    async def drop(self, name: str) -> None:
        """Forget a list."""
        await self.cancel(name)
        found = self._of.pop(name, None)
        if found is not None:
            found.close()

    async def stop(self) -> None:
        """Forget all lists."""
        for name in list(self._of):
            await self.drop(name)
        if self._next_sweep is not None:
            self._next_sweep.cancel()

    def _sweep(self) -> None:
        """Forget what nobody looks at, now and by itself for as long as there are lists."""
        for name, one in list(self._of.items()):
            if self._clock() - one.seen_at > self._kept_s and (one.task is None or one.task.done()):
                del self._of[name]
                one.close()
        if self._next_sweep is not None:
            self._next_sweep.cancel()
        again = self._kept_s / 10
        self._next_sweep = asyncio.get_running_loop().call_later(again, self._sweep) if self._of else None

    async def _judge(self, one: Sending, name: str) -> None:
        try:
            await self._judged(one, name)
        except (OSError, ValueError, KeyError) as error:
            one.why = type(error).__name__
        finally:
            if one.state == "judging":
                one.state = "failed"
                one.throw_away()

    async def _judged(self, one: Sending, name: str) -> None:
        if await asyncio.to_thread(workbook.is_workbook, one.upload) and not await _made_csv(one):
            return
        os.lseek(one.upload.fileno(), 0, os.SEEK_SET)  # which the child shares; `seek` may stay within a buffer
        fd = one.others.fileno()
        who = [f"--asked-by={name}", *([f"--reserve-as={one.list_id}"] if one.question.reserve_s else [])]
        files = [f"--denied=/dev/fd/{fd}", f"--most-bytes={MOST_JUDGED_BYTES}"]
        command = [*self._command, *one.question.options(), *who, "--json", *files]
        code, said = await _ended(command, one.upload.fileno(), one.allowed.fileno(), (fd,))
        counts = next((json.loads(line) for line in said if line.startswith("{")), None)
        if code or counts is None or not counts["complete"]:
            one.why = next((line for line in reversed(said) if not line.startswith("{")), "")
            one.is_refused = code == _REFUSED
            return
        one.remarks = counts.get("remarks", ())
        one.rows = counts["rows"]
        one.reasons = {
            (decision, reason): rows
            for (decision, _, reason), rows in ((key.partition(":"), rows) for key, rows in counts["reasons"].items())
        }
        one.hours = await asyncio.to_thread(first_hours, one.others)
        one.state = "judged"


async def _made_csv(one: Sending) -> bool:
    """Put CSV in the place of a workbook; False, with the reason, where it is none that can be used."""
    made = tempfile.TemporaryFile("w+b")  # noqa: SIM115 (kept)
    os.lseek(one.upload.fileno(), 0, os.SEEK_SET)
    code, said = await _ended(workbook.COMMAND, stdin=one.upload.fileno(), stdout=made.fileno())
    if code:
        made.close()
        one.why = said[-1] if said and code > 0 else workbook.TOO_MUCH
        one.is_refused = True
        return False
    one.upload.close()
    one.upload, one.size = made, made.seek(0, os.SEEK_END)
    return True


async def _ended(
    command: Sequence[str], stdin: int, stdout: int, pass_fds: Sequence[int] = ()
) -> tuple[int, list[str]]:
    """The exit code of a child process, which gives way to others, and what it said on standard error.

    It is killed where nobody waits for it any more.
    """
    process = await asyncio.create_subprocess_exec(
        *child_command(command), stdin=stdin, stdout=stdout, stderr=asyncio.subprocess.PIPE, pass_fds=pass_fds
    )
    try:
        _, told = await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return process.returncode or 0, told.decode(errors="replace").strip().splitlines()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def first_hours(others: BinaryIO) -> list[tuple[str, int]]:
    """How many of those who have to wait may be reached first in which hour (UTC, `2026-11-06T14`), in order."""
    others.seek(0)
    head = others.readline()
    mark = mark_of_list(head)
    names = fields_of(head, mark=mark) or []
    if "harmonia_earliest_at" not in names:
        return []
    place = names.index("harmonia_earliest_at")
    counted: Counter[str] = Counter()
    for record in written_records(others, mark):
        fields = record.fields(len(names))
        if fields is not None and fields[place]:
            counted[fields[place][:13]] += 1
    return sorted(counted.items())[:MOST_BARS]
