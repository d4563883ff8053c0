"""Publishes policies: puts a new text in the place of the file that HARMONIA_POLICY names, and keeps the ones before.

Every process that reads the file takes the new one up within a second. Beside it, in `<file>.published`, is each text
with who published it and when, so that one can be published again; also one that was written by hand, once another
takes its place. A text is put in the place of the one that its author has read, or of none: whoever comes second is
refused.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct

from events.json_types import UNREADABLE
from streams.domain.pressure import FileMistakes, read_policy

MOST_KEPT = 500


class PublishedPolicy(Struct, frozen=True):
    """A text that was published. `name`: of this publication; `version`: of its policy; `at`: ms since 1970.

    `by` empty: it was written by hand, about then. `version` empty: it means no policy.
    """

    name: str
    version: str
    by: str
    at: int
    text: str


class Overtaken(Exception):
    """The file is another one than its author has read."""


class Unlisted(Exception):
    """The text is in its place, but could not be put on the list of what was published."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PublishedPolicy).decode


def mark_of(text: str) -> str:
    """By which one text of a file is told from another, also where both mean the same policy."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def publish(path: Path, text: str, based_on: str, publication: PublishedPolicy) -> None:
    """Put a text in the place of the one with the mark `based_on`, and keep both.

    Raises Overtaken and OSError, and then it is not published, and Unlisted. The file is there as a whole or not at
    all, whatever dies meanwhile, and on the disk before this returns.
    """
    folder = _folder(path)
    folder.mkdir(mode=0o755, exist_ok=True)
    with _alone(folder):
        before = path.read_text(encoding="utf-8")
        if mark_of(before) != based_on:
            raise Overtaken
        _keep_unlisted(path, before, publication.at)
        record = _record(folder, publication)
        with _written(path, text.encode()) as new, _written(record, _encode(publication)) as new_record:
            new.replace(path)
            try:
                _sync(path.parent)
                new_record.replace(record)
                _sync(folder)
            except OSError as error:
                raise Unlisted from error
        for old in sorted(folder.glob("*.json"))[:-MOST_KEPT]:
            with suppress(OSError):
                old.unlink(missing_ok=True)


def published(path: Path) -> list[PublishedPolicy]:
    """What was published, the latest first; a record that cannot be read is left out. Raises OSError."""
    found = []
    for file in sorted(_folder(path).glob("*.json"), reverse=True):
        try:
            found.append(_decode(file.read_bytes()))
        except (*UNREADABLE, IsADirectoryError, FileNotFoundError):
            continue
    return found


def name_of(at: int, version: str) -> str:
    """The name of a publication: names are in the order of their times."""
    return f"{at:015d}-{version}"


def _keep_unlisted(path: Path, text: str, until: int) -> None:
    """Keep a text that is not the one that was published last: somebody has written it by hand, `until` then."""
    latest = next(iter(published(path)), None)
    if latest is not None and latest.text == text:
        return
    written = path.stat().st_mtime_ns // 1_000_000
    at = max(0, min(max(written, -1 if latest is None else latest.at + 1), until - 1))
    policy = read_policy(text)
    version = "" if isinstance(policy, FileMistakes) else policy.version
    kept = PublishedPolicy(name_of(at, mark_of(text)), version, "", at, text)
    record = _record(_folder(path), kept)
    with _written(record, _encode(kept)) as new:
        new.replace(record)
        _sync(record.parent)


def _record(folder: Path, publication: PublishedPolicy) -> Path:
    return folder / f"{publication.name}.json"


def _folder(path: Path) -> Path:
    return path.with_name(f"{path.name}.published")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """For the length of a block no other process publishes."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _written(path: Path, content: bytes) -> Iterator[Path]:
    """A file beside another one, on the disk, to take its place; where it does not, it is gone after the block."""
    new = path.with_name(f".{path.name}.new")
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        yield new
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
