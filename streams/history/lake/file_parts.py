"""The files that lie at a path, each with what it is known again by."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from sinks.lake.files import Files, LocalFiles, open_files
from sinks.lake.live_files import live
from sinks.lake.manifests import INTERACTIONS, MANIFESTS, date_in, type_in
from streams.history.importing.file_parts import Unreadable
from streams.history.lake.row_reading import count_of
from streams.history.lake.selection import Selection

_DIGITS = 32
_PIECE_BYTES = 1 << 20
_HIDDEN = ("_", ".")


@dataclass(frozen=True, slots=True)
class Part:
    """A file. `place`: where it lies within its files; `rows`: how many, if that is known.

    `immutable`: nobody ever writes to a file of that name again, so its name is enough to know it by.
    """

    files: Files
    name: str
    place: str
    rows: int | None
    immutable: bool = False

    def fingerprint(self, selection: Selection) -> str:
        """Of what is in it and what of it is meant. Raises OSError."""
        told = blake2b()
        if self.immutable:
            told.update(self.files.address(self.name).encode())
        else:
            with self.files.open(self.place) as opened:
                while piece := opened.read(_PIECE_BYTES):
                    told.update(piece)
        types = None if selection.types is None else sorted(selection.types)
        told.update(repr((selection.since, selection.until, types)).encode())
        return told.hexdigest()[:_DIGITS]


def parts_of(path: str) -> list[Part]:
    """All of a lake, a folder or a file, in order. Raises `Unreadable` where there is nothing, OSError, `Damaged`."""
    try:
        files = open_files(path)
    except ValueError as error:
        raise Unreadable(str(error)) from error
    if isinstance(files, LocalFiles) and Path(path).is_file():
        place = Path(path)
        return [_part(LocalFiles(place.parent), place.name)]
    if files.below(MANIFESTS):
        return list(_of_lake(files))
    below = [name for name in files.below("") if name]  # a file that is no folder has itself below it on some stores
    found = [name for name in below if not any(part.startswith(_HIDDEN) for part in name.split("/"))]
    if not found and (one := _file_at(path)) is not None:
        return [one]
    if not found:
        raise Unreadable("there is nothing: give a lake, a folder or a file")
    return [_part(files, name) for name in found]


def meant(parts: list[Part], selection: Selection) -> list[Part]:
    """Those in which there may be something of what is meant."""
    return [part for part in parts if selection.may_take(date_in(part.name), type_in(part.name))]


def _file_at(path: str) -> Part | None:
    """The file that a URI names; None: there is none."""
    folder, _, name = path.rpartition("/")
    if "://" not in path or not name or folder.endswith(":/"):
        return None
    files = open_files(folder)
    return _part(files, name) if files.there(name) else None


def _of_lake(files: Files) -> Iterator[Part]:
    found = live(files)
    for file in found.of(INTERACTIONS):
        yield Part(files, file.name, found.places.get(file.name, file.name), file.rows, immutable=True)


def _part(files: Files, name: str) -> Part:
    return Part(files, name, name, count_of(files, name))
