"""Finds the files at a path (a lake, a folder, a file or a URI), each with a fingerprint of its content."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from sinks.lake.files import Files, LocalFiles, open_files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import INTERACTIONS, MANIFESTS, date_in, type_in
from streams.history.importing.file_items import Unreadable
from streams.history.lake.row_reading import row_count
from streams.history.lake.selection import Selection

_DIGITS = 32
_PIECE_BYTES = 1 << 20
_HIDDEN = ("_", ".")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read. `place`: its path within `files`; `rows`: how many, if known without reading.

    `immutable`: a file of that name never changes, so its name alone identifies its content.
    """

    files: Files
    name: str
    place: str
    rows: int | None
    immutable: bool = False

    def fingerprint(self, selection: Selection) -> str:
        """A hash of the file's content and of what is selected from it. Raises OSError."""
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


def input_files_at(path: str) -> list[InputFile]:
    """Every file at a path, in order. Raises `Unreadable` where there is nothing, OSError, `Damaged`."""
    try:
        files = open_files(path)
    except ValueError as error:
        raise Unreadable(str(error)) from error
    if isinstance(files, LocalFiles) and Path(path).is_file():
        place = Path(path)
        return [_part(LocalFiles(place.parent), place.name)]
    if files.below(MANIFESTS):
        return list(_of_lake(files))
    below = [name for name in files.below("") if name]  # on some stores a file lists itself as the empty name
    found = [name for name in below if not any(part.startswith(_HIDDEN) for part in name.split("/"))]
    if not found and (one := _file_at(path)) is not None:
        return [one]
    if not found:
        raise Unreadable("there is nothing: give a lake, a folder or a file")
    return [_part(files, name) for name in found]


def selected_files(parts: list[InputFile], selection: Selection) -> list[InputFile]:
    """The files that may hold selected rows."""
    return [part for part in parts if selection.may_take(date_in(part.name), type_in(part.name))]


def _file_at(path: str) -> InputFile | None:
    """The file that a URI names; None: there is none."""
    folder, _, name = path.rpartition("/")
    if "://" not in path or not name or folder.endswith(":/"):
        return None
    files = open_files(folder)
    return _part(files, name) if files.there(name) else None


def _of_lake(files: Files) -> Iterator[InputFile]:
    found = find_live_files(files)
    for file in found.of(INTERACTIONS):
        yield InputFile(files, file.name, found.places.get(file.name, file.name), file.rows, immutable=True)


def _part(files: Files, name: str) -> InputFile:
    return InputFile(files, name, name, row_count(files, name))
