"""The example of `docs/sinks.md` keeps every promise of a sink."""

import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from events.identifiers import is_identity_hash
from sinks.base import ContactSink, SinkUnavailable, StoredContact
from tests.contract.contact_sink import (
    STALE_AFTER,
    Bench,
    ContactSinkContract,
    at,
    living,
)
from tests.contract.two_topics import (
    TwoTopicsContract,
)

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "sinks.md").read_text("utf-8")
EXAMPLE: dict[str, Any] = {}
exec(compile(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], "docs/sinks.md", "exec"), EXAMPLE)


class SqliteBench:
    """The example on a file of its own, with a second connection to look into it."""

    def __init__(self, file: Path) -> None:
        self._now = 1_000_000.0
        self._other = sqlite3.connect(file, isolation_level=None)
        own = sqlite3.connect(file, timeout=0)
        own.execute("PRAGMA synchronous = OFF")  # no power is cut here, and a test need not wait for the disk
        self.sink: ContactSink = EXAMPLE["SqliteSink"](own, STALE_AFTER, lambda: self._now)

    async def stored(self, contact_id: str) -> StoredContact | None:
        found = self._other.execute("SELECT version, field, value FROM contacts WHERE id = ?", (contact_id,)).fetchone()
        if found is None:
            return None
        version, field, value = found
        state, merged_into = (value if field == name else None for name in ("profile", "merged_into"))
        return StoredContact(int(version), state, merged_into, field == "erased")

    async def contact_of(self, identity_hash: str) -> str | None:
        """The store has no index of hashes: the row of that name says it."""
        found = await self.stored(identity_hash) if is_identity_hash(identity_hash) else None
        return None if found is None or found.erased else found.merged_into or identity_hash

    async def flush(self) -> None:
        self._other.execute("DELETE FROM contacts")
        self._other.execute("DELETE FROM positions")

    async def age(self, partition: int, seconds: float) -> None:
        self._now += seconds

    async def close(self) -> None:
        self._other.close()
        await self.sink.close()

    def lock(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = SqliteBench(tmp_path / "contacts.db")
    yield bench
    await bench.close()


class TestSqliteSink(ContactSinkContract, TwoTopicsContract):
    """The whole contract."""


async def test_a_store_that_is_locked_by_another_process_is_unavailable_to_the_example(bench: SqliteBench) -> None:
    bench.lock()
    with pytest.raises(SinkUnavailable):
        await bench.sink.write(0, [living("ada", 1)], None, at(1))
