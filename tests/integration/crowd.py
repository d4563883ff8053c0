"""Many connections to a server that say the beginning of a request and nothing more."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

FEW_DESCRIPTORS = ("sh", "-c", 'ulimit -n 256; exec "$@"', "sh")
"""A command that starts another which can have 256 files open and no more."""
MANY = 400


@contextmanager
def half_open(url: str) -> Iterator[None]:
    """`MANY` of them, for the length of a block."""
    host, _, port = urlsplit(url).netloc.partition(":")
    with ExitStack() as closing:
        for _ in range(MANY):
            line = closing.enter_context(socket.create_connection((host, int(port)), timeout=60))
            line.send(b"POST / HTTP/1.1\r\nhost: he")
        yield
