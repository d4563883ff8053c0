from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streams.services.console.desk_access import DeskReader
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written
from tests.unit.services.console.evening import fill_evening


@pytest.fixture
def written() -> Written:
    """What the console of a test writes down."""
    return Written()


@pytest.fixture
async def console(redis_client: Redis, tmp_path: Path, written: Written) -> AsyncIterator[SignedInConsole]:
    """A console without a desk."""
    found = SignedInConsole(redis_client, tmp_path, audit=written)
    yield found
    await found.stop()


@pytest.fixture
async def evening(redis_client: Redis, tmp_path: Path, written: Written) -> AsyncIterator[SignedInConsole]:
    """A console with the desk of an evening."""
    fill_evening(tmp_path / "desk.sqlite", NOW)
    found = SignedInConsole(redis_client, tmp_path, DeskReader(tmp_path / "desk.sqlite"), audit=written)
    yield found
    await found.stop()
