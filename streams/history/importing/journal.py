"""Journals of imports: an interrupted one goes on where it was, and a finished one is not done twice.

Copies of messages are recognised for a week only, so importing an old export a second time would count it twice.
"""

import os
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

import orjson

from streams.history.importing.file_items import ImportFormat

_DIGITS = 32
FOLDER = "imports"


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """Number of items that are acknowledged, and whether they are all."""

    done: int = 0
    finished: bool = False


class ImportJournal:
    """The journal of one file, read in one way, in Harmonia's home. `fingerprint`: identifies both."""

    def __init__(self, home: Path, fingerprint: str, folder: str = FOLDER) -> None:
        self._path = home / folder / f"{fingerprint}.json"

    def read(self) -> ImportProgress:
        """What was done; nothing if there is no journal or it was cut short."""
        try:
            found = orjson.loads(self._path.read_bytes())
            return ImportProgress(int(found["done"]), bool(found["finished"]))
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return ImportProgress()

    def write(self, progress: ImportProgress) -> None:
        """Store the progress, atomically."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(orjson.dumps({"done": progress.done, "finished": progress.finished}))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


def fingerprint_of(file: Path, job: ImportFormat) -> str:
    """A hash of a file's whole content and of how it is read: vendor, source, mapping, codes and zone.

    Name and place do not matter. A corrected file may be as long as before, and with a corrected mapping it is another
    import: what was refused is read again.
    """
    feed = job.feed
    read_by = (job.vendor, feed.source, feed.phone_region, feed.time_zone, *sorted(feed.codes.items()), job.mapping)
    with file.open("rb") as opened:
        told = file_digest(opened, "blake2b")
    told.update("\0".join(map(repr, read_by)).encode())
    return told.hexdigest()[:_DIGITS]
