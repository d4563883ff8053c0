"""`harmonia` with a RocksDB that has little room, run as a program: an ordinary worker otherwise.

The room of an ordinary one (128 MiB) fills for longer than a soak takes, and what fills looks like what leaks. Folded
without Kafka, 60,000 interactions of 1,500 people fill 16 MiB only with the 48,000th, and 4 MiB with the 16,000th.
"""

from streams.cli.main import app
from streams.engine import rocksdb_store

if __name__ == "__main__":
    rocksdb_store.CACHE_BYTES, rocksdb_store.WRITE_BUFFERS_BYTES = 4 << 20, 2 << 20
    app()
