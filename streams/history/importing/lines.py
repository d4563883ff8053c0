"""Lines of a file, none longer than a line may be: of what is longer the start is given, and the rest passed over.

A packed file of a megabyte may hold a line of a gigabyte, which must not fill the memory.
"""

from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from events.fields import MAX_RECORD_BYTES
from events.refusal import Reason, Refusal

ROW_BYTES = 1 << 20
"""Of a row of a table, at most: an event of the largest size, with each of its quotes doubled and escaped."""
BODY_BYTES = 64 << 20
"""Of a line that may hold an array of thousands of objects, at most; and of an array that goes over lines."""
_STEP = 1 << 20


def lines_of(file: BinaryIO, most: int) -> Iterator[bytes]:
    """Each line with its end. Of one that is longer than `most`, so many bytes and one more; see `is_too_long`."""
    while line := file.readline(most + 1):
        yield line
        if is_too_long(line, most):
            while (more := file.readline(_STEP)) and not more.endswith(b"\n"):
                pass


def is_too_long(line: bytes, most: int) -> bool:
    """Whether a line has more than `most` bytes before its end."""
    return len(line) > most and not (len(line) == most + 1 and line.endswith(b"\n"))


def start_of(line: bytes) -> bytes:
    """What a dead letter keeps of a line that is too long."""
    return line[:MAX_RECORD_BYTES]


def too_long(most: int) -> Refusal:
    """Why such a line is refused."""
    return Refusal(Reason.TOO_LARGE, f"line: at most {most >> 20} MiB, one row or object on each")


def first_line(file: BinaryIO, most: int) -> bytes:
    """The first line that is not blank, as `lines_of` gives it; empty if there is none."""
    return next((line for line in islice(lines_of(file, most), 1_000) if line.strip()), b"")
