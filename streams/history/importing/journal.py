"""How far each import has come, so that one that was interrupted goes on and one that is done is not done twice.

Copies of messages are known for a week only, so importing an old export a second time would count it twice.
"""

import os
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

import orjson

from streams.history.importing.file_parts import Job

_DIGITS = 32
FOLDER = "imports"


@dataclass(frozen=True, slots=True)
class Progress:
    """Pieces that are acknowledged, and whether they are all."""

    done: int = 0
    finished: bool = False


class Journal:
    """The record of one file, read in one way, in Harmonia's home; `fingerprint`: what both are known again by."""

    def __init__(self, home: Path, fingerprint: str, folder: str = FOLDER) -> None:
        self._path = home / folder / f"{fingerprint}.json"

    def read(self) -> Progress:
        """What was done; nothing if there is no record or it was cut short while it was written."""
        try:
            found = orjson.loads(self._path.read_bytes())
            return Progress(int(found["done"]), bool(found["finished"]))
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return Progress()

    def write(self, progress: Progress) -> None:
        """Keep it; whole or not at all."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(orjson.dumps({"done": progress.done, "finished": progress.finished}))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


def fingerprint_of(file: Path, job: Job) -> str:
    """Of all that is in the file, since one that was corrected may be as long, and of what it is read by.

    That is vendor, source, mapping, codes and zone.

    Its name and place do not matter. With a mapping that was mended it is another import: what was refused is read.
    """
    feed = job.feed
    read_by = (job.vendor, feed.source, feed.phone_region, feed.time_zone, *sorted(feed.codes.items()), job.mapping)
    with file.open("rb") as opened:
        told = file_digest(opened, "blake2b")
    told.update("\0".join(map(repr, read_by)).encode())
    return told.hexdigest()[:_DIGITS]
