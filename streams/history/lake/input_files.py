"""Finds the files at a path (a lake, a folder, a file or a URI), and selects of history a time range and types."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from events.registry import MODELS
from events.times import parse_time
from sinks.lake.files import Files, LocalFiles, open_files
from sinks.lake.live_files import find_live_files
from sinks.lake.manifests import INTERACTIONS, MANIFESTS, date_in, type_in
from streams.history.importing.file_items import Unreadable
from streams.history.lake.row_reading import row_count

_DAY_MS = 86_400_000


class Selection(NamedTuple):
    """Interactions that happened at `since` or later and before `until` (ms since 1970), of `types`; None: no limit."""

    since: int | None = None
    until: int | None = None
    types: frozenset[str] | None = None

    def takes(self, type_: str, time: int) -> bool:
        """Whether an interaction is selected."""
        if self.types is not None and type_ not in self.types:
            return False
        return (self.since is None or time >= self.since) and (self.until is None or time < self.until)

    def may_take(self, date: str, type_: str) -> bool:
        """Whether a folder of the lake can hold selected rows; `date` or `type_` empty: the folder has none."""
        if type_ and self.types is not None and type_ not in self.types:
            return False
        day = parse_moment(date) if date else None
        if day is None:
            return True
        return (self.since is None or day + _DAY_MS > self.since) and (self.until is None or day < self.until)


def parse_moment(text: str) -> int | None:
    """A date (its midnight, UTC) or an RFC 3339 time in ms since 1970; None: it is neither."""
    return parse_time(text if "T" in text else f"{text}T00:00:00Z")


def types_named(names: Iterable[str]) -> frozenset[str]:
    """Interaction types matching names and patterns, several in one separated by commas: `donation.*,form.submitted`.

    Raises ValueError with the first name that matches no type.
    """
    found: set[str] = set()
    for name in (part.strip() for text in names for part in text.split(",")):
        matching = {type_ for type_ in MODELS if fnmatchcase(type_, name)}
        if not matching:
            raise ValueError(name)
        found |= matching
    return frozenset(found)


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
