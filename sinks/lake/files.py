"""Stores of the lake's files: a folder of this machine, an object store, or any other store that fsspec opens.

Names are relative to the lake, with `/`. The lake needs one operation that not every library offers: to create a file
whole, and only where there is none. That makes a manifest a commit point. Failures of a store are `OSError`s.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import urlsplit

import fsspec

from sinks.lake.objects import SCHEMES, open_objects


class Files(Protocol):
    """The protocol of a store of files."""

    def below(self, folder: str) -> list[str]:
        """The names of all files below a folder, in order; none where there is no such folder."""
        ...

    def there(self, name: str) -> bool:
        """Whether there is such a file."""
        ...

    def changed(self, name: str) -> int | None:
        """When a file was written, by the store's clock (ms since 1970). None: it is gone, or the store can't say."""
        ...

    def read(self, name: str) -> bytes:
        """All of a file. Raises FileNotFoundError."""
        ...

    def open(self, name: str) -> BinaryIO:
        """A file to read in pieces. Raises FileNotFoundError."""
        ...

    def writing(self, name: str) -> "AbstractWriting":
        """A context manager of a new file, which is there once the block has ended."""
        ...

    def create(self, name: str, content: bytes, draft: str) -> bool:
        """Create a file with all its content or not at all. False: there is another already, which stays as it is.

        Nobody else may write the same `content`: a file with it is this call's own, repeated by the store's client
        after a lost answer, and the result is True. `draft` is a name that this process alone uses: the content may lie
        under it for a moment.
        """
        ...

    def move(self, source: str, target: str) -> bool:
        """Rename a file. False: there is no `source`, since somebody else has moved it."""
        ...

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        ...

    def delete_below(self, folder: str) -> None:
        """Delete a folder with all files below it."""
        ...

    def address(self, name: str) -> str:
        """The path or URI of a file or pattern for DuckDB, Spark and others."""
        ...


class AbstractWriting(Protocol):
    """The context manager that `Files.writing` returns."""

    def __enter__(self) -> BinaryIO: ...
    def __exit__(self, *_: Any) -> bool | None: ...


class LocalFiles:
    """A folder of this machine, on a file system with hard links.

    New files and folders are their owner's alone, whatever the umask says; with `group_reads` the group may read them.
    Folders that are there already stay as they are.
    """

    def __init__(self, root: Path, *, group_reads: bool = False) -> None:
        self._root = root.absolute()
        self._group_reads = group_reads

    def below(self, folder: str) -> list[str]:
        """See `Files`."""
        found = (Path(at, name) for at, _, names in os.walk(self._root / folder) for name in names)
        return sorted(path.relative_to(self._root).as_posix() for path in found)

    def there(self, name: str) -> bool:
        """See `Files`."""
        return (self._root / name).is_file()

    def changed(self, name: str) -> int | None:
        """See `Files`."""
        try:
            return (self._root / name).stat().st_mtime_ns // 1_000_000
        except FileNotFoundError:
            return None

    def read(self, name: str) -> bytes:
        """See `Files`."""
        return (self._root / name).read_bytes()

    def open(self, name: str) -> BinaryIO:
        """See `Files`."""
        return (self._root / name).open("rb")

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """See `Files`."""
        path = self._root / name
        self._make(path.parent)
        with os.fdopen(self._open_new(path), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())

    def create(self, name: str, content: bytes, draft: str) -> bool:
        """See `Files`."""
        with self.writing(draft) as file:
            file.write(content)
        path = self._root / name
        self._make(path.parent)
        try:
            os.link(self._root / draft, path)
        except FileExistsError:
            return path.read_bytes() == content
        finally:
            self.delete(draft)
        _sync(path.parent)
        return True

    def move(self, source: str, target: str) -> bool:
        """See `Files`."""
        path = self._root / target
        self._make(path.parent)
        try:
            (self._root / source).rename(path)
        except FileNotFoundError:
            return False
        _sync(path.parent)
        return True

    def delete(self, name: str) -> None:
        """See `Files`."""
        (self._root / name).unlink(missing_ok=True)

    def delete_below(self, folder: str) -> None:
        """See `Files`."""
        shutil.rmtree(self._root / folder, ignore_errors=True)

    def address(self, name: str) -> str:
        """See `Files`."""
        return (self._root / name).as_posix()

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it that are not there."""
        if folder.exists():
            return
        self._make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._group_reads:  # added to what it has: numbers alone would take the bit away that hands its group on
            folder.chmod(S_IMODE(folder.stat().st_mode) | 0o050)

    def _open_new(self, path: Path) -> int:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        if self._group_reads:
            os.fchmod(opened, 0o640)
        return opened


class RemoteFiles:
    """A store behind any file system of fsspec; `root` is a path in its own notation, without a scheme.

    Moving is copying and deleting, unless the file system can rename.
    """

    def __init__(self, system: fsspec.AbstractFileSystem, root: str) -> None:
        self._system = system
        self._root = root.rstrip("/")

    def below(self, folder: str) -> list[str]:
        """See `Files`."""
        self._system.invalidate_cache()
        start = len(self._root) + 1
        with suppress(FileNotFoundError):
            return sorted(name[start:] for name in self._system.find(self._at(folder)))
        return []

    def there(self, name: str) -> bool:
        """See `Files`."""
        self._system.invalidate_cache()
        return bool(self._system.isfile(self._at(name)))

    def changed(self, name: str) -> int | None:
        """See `Files`."""
        try:
            found = self._system.modified(self._at(name))
        except (FileNotFoundError, NotImplementedError):
            return None
        return int(found.timestamp() * 1000)

    def read(self, name: str) -> bytes:
        """See `Files`."""
        return cast(bytes, self._system.cat_file(self._at(name)))

    def open(self, name: str) -> BinaryIO:
        """See `Files`."""
        return cast(BinaryIO, self._system.open(self._at(name), "rb"))

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """See `Files`."""
        self._make_folder_of(name)
        with self._system.open(self._at(name), "wb") as file:
            yield file

    def create(self, name: str, content: bytes, draft: str) -> bool:
        """See `Files`."""
        self._make_folder_of(name)
        try:
            self._system.pipe_file(self._at(name), content, mode="create")
        except FileExistsError:
            return self.read(name) == content
        return True

    def move(self, source: str, target: str) -> bool:
        """See `Files`."""
        self._make_folder_of(target)
        try:
            self._system.mv(self._at(source), self._at(target))
        except FileNotFoundError:
            return False
        return True

    def delete(self, name: str) -> None:
        """See `Files`."""
        with suppress(FileNotFoundError):
            self._system.rm_file(self._at(name))

    def delete_below(self, folder: str) -> None:
        """See `Files`."""
        with suppress(FileNotFoundError):
            self._system.rm(self._at(folder), recursive=True)

    def address(self, name: str) -> str:
        """See `Files`."""
        return str(self._system.unstrip_protocol(self._at(name)))

    @property
    def system(self) -> fsspec.AbstractFileSystem:
        """The fsspec file system, for readers by address that have none of their own for it."""
        return self._system

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _make_folder_of(self, name: str) -> None:
        self._system.makedirs(self._at(name).rpartition("/")[0], exist_ok=True)


def open_files(place: str, *, group_reads: bool = False) -> Files:
    """The store at a folder or a URI; does not connect yet. Raises ValueError that says what is wrong with the place.

    `group_reads`: see `LocalFiles`; other stores have their own rules of access.
    """
    scheme = urlsplit(place).scheme if "://" in place else "file"
    if scheme == "file":
        return LocalFiles(Path(urlsplit(place).path if "://" in place else place), group_reads=group_reads)
    if scheme in SCHEMES:
        return open_objects(place)
    try:
        system, root = fsspec.core.url_to_fs(place)
    except ImportError as error:
        raise ValueError(f"{scheme}:// needs a Python package that is not installed ({error})") from error
    except ValueError as error:
        raise ValueError(f"{scheme}:// is no file system that fsspec knows") from error
    return RemoteFiles(system, root)


def new_name() -> str:
    """A random name that nobody else uses."""
    return uuid.uuid4().hex


def _sync(folder: Path) -> None:
    """Flush the names in a folder to disk, where the system can."""
    with suppress(OSError):
        held = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(held)
        finally:
            os.close(held)
