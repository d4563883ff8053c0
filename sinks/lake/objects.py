"""Files of the lake in object stores: S3 and stores with its protocol, Google's and Azure's, by one library.

Such a store has no rename: moving is copying and deleting, and between the two a file lies in both places. It has the
one operation that the lake needs, a PUT that only creates.
"""

import errno
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import SplitResult, parse_qsl, urlsplit

import fsspec
import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import from_url

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

SCHEMES = frozenset({"s3", "gs", "az"})
_RETRY: "RetryConfig" = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}
_OPTIONS = frozenset({"endpoint_override", "scheme", "region"})
_MOST_TEXT = 200


class ObjectFiles:
    """A prefix of a bucket; `bucket`: its URI without the prefix. Failures of the store are raised as OSError."""

    def __init__(self, bucket: str, prefix: str, config: "S3Config", client: "ClientConfig") -> None:
        self._root = f"{bucket}/{prefix}".rstrip("/")
        self._scheme = urlsplit(bucket).scheme
        self._config = config
        self._client = client
        self._store = from_url(self._root, config=config, client_options=client, retry_config=_RETRY)

    def below(self, folder: str) -> list[str]:
        """See `Files`."""
        with _as_os_errors():
            return sorted(found["path"] for page in obstore.list(self._store, folder) for found in page)

    def there(self, name: str) -> bool:
        """See `Files`."""
        with _as_os_errors():
            try:
                obstore.head(self._store, name)
            except FileNotFoundError:
                return False
        return True

    def changed(self, name: str) -> int | None:
        """See `Files`."""
        with _as_os_errors():
            try:
                return round(obstore.head(self._store, name)["last_modified"].timestamp() * 1000)
            except FileNotFoundError:
                return None

    def read(self, name: str) -> bytes:
        """See `Files`."""
        with _as_os_errors():
            return obstore.get(self._store, name).bytes().to_bytes()

    def open(self, name: str) -> BinaryIO:
        """See `Files`."""
        with _as_os_errors():
            return cast(BinaryIO, io.BufferedReader(_Reading(obstore.open_reader(self._store, name))))

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """See `Files`. A block that fails leaves no file."""
        with _as_os_errors():
            writer = obstore.open_writer(self._store, name)
        yield cast(BinaryIO, _Writing(writer))
        with _as_os_errors():
            writer.close()

    def create(self, name: str, content: bytes, draft: str) -> bool:
        """See `Files`. A call that is repeated after a lost answer finds the file that it has created itself."""
        with _as_os_errors():
            try:
                obstore.put(self._store, name, content, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                return self.read(name) == content
        return True

    def move(self, source: str, target: str) -> bool:
        """See `Files`."""
        with _as_os_errors():
            try:
                obstore.copy(self._store, source, target)
            except FileNotFoundError:
                return False
            self._delete([source])
        return True

    def delete(self, name: str) -> None:
        """See `Files`."""
        with _as_os_errors():
            self._delete([name])

    def delete_below(self, folder: str) -> None:
        """See `Files`."""
        names = self.below(folder)
        with _as_os_errors():
            self._delete(names)

    def address(self, name: str) -> str:
        """See `Files`."""
        return f"{self._root}/{name}"

    @property
    def system(self) -> fsspec.AbstractFileSystem:
        """An fsspec file system, for DuckDB, which has no reader of its own for stores that are not set up in it."""
        from obstore.fsspec import FsspecStore  # noqa: PLC0415 (only who asks needs it)

        opening: Any = FsspecStore  # its overloads know a scheme only as a literal
        return opening(self._scheme, config=self._config, client_options=self._client, retry_config=_RETRY)

    def _delete(self, names: list[str]) -> None:
        if names:
            with suppress(FileNotFoundError):
                obstore.delete(self._store, names)


def open_objects(uri: str) -> ObjectFiles:
    """The store at a URI of one of `SCHEMES`; does not connect yet. Raises ValueError that says what is wrong with it.

    `endpoint_override`, `scheme` and `region` may follow a `?`, as pyarrow has them in the URIs of S3.
    """
    parts = urlsplit(uri)
    if "@" in parts.netloc:
        raise ValueError("credentials do not belong into a URI: give them in the environment")
    if not parts.netloc:
        raise ValueError(f"{parts.scheme}:// needs a bucket: {parts.scheme}://bucket/lake")
    options = _options(parts)
    endpoint = _endpoint(options)
    config: S3Config = {}
    if endpoint:
        config["endpoint"] = endpoint
    if "region" in options:
        config["region"] = options["region"]
    client: ClientConfig = {"allow_http": True} if endpoint.startswith("http://") else {}
    return ObjectFiles(f"{parts.scheme}://{parts.netloc}", parts.path.strip("/"), config, client)


def _options(parts: SplitResult) -> Mapping[str, str]:
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = given.keys() - (_OPTIONS if parts.scheme == "s3" else frozenset())
    if unknown or parts.fragment:
        raise ValueError(
            f"what follows the path of {parts.scheme}:// is not understood: "
            "s3:// takes ?endpoint_override=…&scheme=http&region=…, others take nothing"
        )
    return given


def _endpoint(options: Mapping[str, str]) -> str:
    """The URL of the endpoint; a host and port alone get `scheme`, https by default."""
    place = options.get("endpoint_override", "")
    return place if not place or "://" in place else f"{options.get('scheme', 'https')}://{place}"


class _Reading(io.RawIOBase):
    def __init__(self, reader: "obstore.ReadableFile") -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()

    def readinto(self, buffer: Any) -> int:
        with _as_os_errors():
            found = self._reader.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


class _Writing(io.RawIOBase):
    """A writable file object. Closing it does not complete the upload, or half a file would remain after an error."""

    def __init__(self, writer: "obstore.WritableFile") -> None:
        self._writer = writer
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        with _as_os_errors():
            self._writer.write(bytes(piece))
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written


@contextmanager
def _as_os_errors() -> Iterator[None]:
    try:
        yield
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise PermissionError(errno.EACCES, "the store does not accept these credentials") from error
    except BaseError as error:
        raise OSError(errno.EIO, str(error).partition("\n")[0][:_MOST_TEXT]) from error
