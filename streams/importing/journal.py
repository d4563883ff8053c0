"""How far each import has come, so that one that was interrupted goes on and one that is done is not done twice.

Copies of messages are known for a week only, so importing an old export a second time would count it twice.
"""

import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import orjson

_LOOK = 1 << 16
FOLDER = "imports"


@dataclass(frozen=True, slots=True)
class Progress:
    """Pieces that are acknowledged, and whether they are all."""

    done: int = 0
    finished: bool = False


class Journal:
    """The record of one file, read as one vendor's and one source's, in Harmonia's home."""

    def __init__(self, home: Path, file: Path, vendor: str, source: str) -> None:
        self._path = home / FOLDER / f"{_fingerprint(file, vendor, source)}.json"

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


def _fingerprint(file: Path, vendor: str, source: str) -> str:
    """Of what is in the file, by its size and both its ends; its name and place do not matter."""
    size = file.stat().st_size
    told = blake2b(f"{vendor}\0{source}\0{size}\0".encode(), digest_size=16)
    with file.open("rb") as opened:
        told.update(opened.read(_LOOK))
        opened.seek(max(0, size - _LOOK))
        told.update(opened.read(_LOOK))
    return told.hexdigest()
