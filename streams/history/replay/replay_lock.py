"""One replay of a path at a time: two that read its journals before either has written there would send all twice."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from streams.platform.errors import Unusable


@contextmanager
def alone(folder: Path, path: str) -> Iterator[None]:
    """Have a path for oneself for the length of a block, among all that keep their journals in `folder`.

    Raises `Unusable` while another process has it; what was killed has nothing. Raises OSError.
    """
    place = path.rstrip("/") if "://" in path else Path(path).resolve().as_posix()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{blake2b(place.encode(), digest_size=16).hexdigest()}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Unusable(f"{path} is being replayed by another process: wait for its end") from error
        yield
