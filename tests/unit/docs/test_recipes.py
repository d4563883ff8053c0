"""Recipes of pages, run as they stand: webhooks, segments and sinks."""

import asyncio
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from events.identifiers import is_identity_hash
from sinks.base import ContactSink, SinkUnavailable, StoredContact
from streams.domain.delivery.addresses import Network, networks_of
from streams.domain.delivery.schedule import Result
from streams.domain.delivery.signing import signed_headers
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.conditions import KINDS, NOT_KEPT
from streams.domain.segments.definition_files import read_segments
from streams.domain.segments.resolution import MOST_CONDITIONS, resolve
from streams.services.deliver.destinations import Destination, read_destinations
from streams.services.deliver.sending import Sender
from tests.contract.contact_sink import STALE_AFTER, Bench, ContactSinkContract, at, living
from tests.contract.two_topics import TwoTopicsContract

PAGE = Path("docs/deliver.md").read_text(encoding="utf-8")
ADDRESS = "127.87.0.1"
ENVIRONMENT = {"TRY_SECRET": "whsec_c2VjcmV0IG9mIHRoaXMgdGVzdCBvbmx5"}


def recipe(beginning: str) -> str:
    """The block of the page that begins so, with the address of this test."""
    found = re.search(rf"^```\w+\n({re.escape(beginning)}.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1].replace("127.0.0.1", ADDRESS)


async def told(destination: Destination, listed: list[Network]) -> tuple[Result, str]:
    async with Sender(destination, listed) as sender:
        return await sender.post(signed_headers("told", 1_330_000_000_000, b"{}", destination.keys), b"{}")


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_receiver_with_a_certificate_of_ones_own_is_told_where_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_trusted: bool
) -> None:
    subprocess.run(shlex.split(recipe("openssl req")), cwd=tmp_path, check=True, capture_output=True)
    listening = recipe("# receiver.py").replace("server.serve_forever()", "print(flush=True)\nserver.serve_forever()")
    (tmp_path / "receiver.py").write_text(listening)
    (tmp_path / "endpoints.toml").write_text(recipe("# endpoints.toml"))
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    listed = networks_of(f"{ADDRESS}/32")
    assert not isinstance(listed, str)
    [destination] = read_destinations(tmp_path / "endpoints.toml", ENVIRONMENT, listed)
    command = [sys.executable, "receiver.py"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        try:
            assert running.stdout is not None
            running.stdout.readline()
            result, trouble = asyncio.run(told(destination, listed))
            if is_trusted:
                assert (result.answer, result.status) == ("delivered", 204)
                assert running.stdout.readline() == "told {}\n"
            else:
                assert (result.answer, trouble) == ("failed", "ClientConnectorCertificateError")
        finally:
            running.kill()


# Whoever follows the page on segments gets what it says: ten that can be copied, every condition, every mistake.
SEGMENTS_PAGE = (Path(__file__).parents[3] / "docs" / "segments.md").read_text()


def test_the_ten_segments_that_are_shown_can_be_copied() -> None:
    [text] = re.findall(r"```toml\n(.*?)```", SEGMENTS_PAGE, re.DOTALL)
    found = read_segments(text)
    assert not isinstance(found, FileMistakes), str(found)
    resolution = resolve(found, channel_rules(default_policy()))
    assert len(resolution.segments) == 10
    assert resolution.mistakes == ()


def test_every_condition_has_its_row_and_no_other_has() -> None:
    table = SEGMENTS_PAGE.partition("| condition |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)[1:]
    named = {head for row in rows for head in re.findall(r"`(\w+) = ", row) if head in KINDS}
    assert named == {*KINDS}
    assert all(f"`{head}`" in SEGMENTS_PAGE for head in NOT_KEPT)
    assert f"each with {MOST_CONDITIONS} conditions" in SEGMENTS_PAGE


def test_the_mistakes_that_are_shown_are_told_so() -> None:
    text = """
    [[segment]]
    id = "s"
    all = [
        { gifts = "count", at_leest = 1 },
        { touches = "count", within = "90d", at_least = 1 },
        { form = "petition" },
    ]
    """
    found = read_segments(text)
    assert isinstance(found, FileMistakes)
    assert f"```\n{found}\n```" in SEGMENTS_PAGE


# The example of `docs/sinks.md` keeps every promise of a sink.
ROOT = Path(__file__).parents[3]
SINKS_PAGE = (ROOT / "docs" / "sinks.md").read_text("utf-8")
EXAMPLE: dict[str, Any] = {}
exec(compile(re.findall(r"```python\n(.*?)```", SINKS_PAGE, re.DOTALL)[0], "docs/sinks.md", "exec"), EXAMPLE)


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
