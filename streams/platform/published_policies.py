"""Publishes policies: puts a new text in the place of the file that HARMONIA_POLICY names, and keeps the ones before.

Every process that reads the file takes the new one up within a second. Beside it, in `<file>.published`, is each text
with who published it and when, so that one can be published again. A text is put in the place of the one that its
author has read, or of none: whoever comes second is refused.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct

MOST_KEPT = 500


class PublishedPolicy(Struct, frozen=True):
    """A text that was published. `name`: of this publication; `version`: of its policy; `at`: ms since 1970."""

    name: str
    version: str
    by: str
    at: int
    text: str


class Overtaken(Exception):
    """The file is another one than its author has read."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PublishedPolicy).decode


def mark_of(text: str) -> str:
    """By which one text of a file is told from another, also where both mean the same policy."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def publish(path: Path, text: str, based_on: str, publication: PublishedPolicy) -> None:
    """Put a text in the place of the one with the mark `based_on`, and keep it. Raises Overtaken and OSError.

    The file is there as a whole or not at all, whatever dies meanwhile, and on the disk before this returns.
    """
    folder = _folder(path)
    folder.mkdir(mode=0o755, exist_ok=True)
    with _alone(folder):
        if mark_of(path.read_text(encoding="utf-8")) != based_on:
            raise Overtaken
        _write(folder / f"{publication.name}.json", _encode(publication))
        _write(path, text.encode())
        for old in sorted(folder.glob("*.json"))[:-MOST_KEPT]:
            old.unlink(missing_ok=True)


def published(path: Path) -> list[PublishedPolicy]:
    """What was published, the latest first; a record that cannot be read is left out. Raises OSError."""
    found = []
    for file in sorted(_folder(path).glob("*.json"), reverse=True):
        try:
            found.append(_decode(file.read_bytes()))
        except msgspec.DecodeError:
            continue
    return found


def name_of(at: int, version: str) -> str:
    """The name of a publication: names are in the order of their times."""
    return f"{at:015d}-{version}"


def _folder(path: Path) -> Path:
    return path.with_name(f"{path.name}.published")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """For the length of a block no other process publishes."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.new")
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
