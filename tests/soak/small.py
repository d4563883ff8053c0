"""`harmonia` with a RocksDB that has little room, run as a program: an ordinary worker otherwise.

The room of an ordinary one (128 MiB) fills for longer than a soak takes, and what fills looks like what leaks.
"""

from streams.cli.main import app
from streams.engine import rocks

if __name__ == "__main__":
    rocks.CACHE_BYTES, rocks.WRITE_BUFFERS_BYTES = 16 << 20, 8 << 20
    app()
