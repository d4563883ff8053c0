"""What the pages call the accounts of the demo."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from events.topics import CAMPAIGN_HOLDS
from sinks.keys import HOLDS, position_key
from streams.demo.cast import CAST
from streams.services.console.desk import Desk
from streams.services.console.desk_access import DeskReader
from streams.services.console.desk_batches import Limits
from streams.services.console.desk_writing import DeskWriter
from streams.services.console.rights import Viewer
from streams.services.console.words import Language
from tests.contract.console.signed_in_console import NOW, SignedInConsole, page_of
from tests.unit.services.console.desk_records import record


class DemoConsole(SignedInConsole):
    """A console with the accounts of the demo."""

    switch_to = tuple((part.name, part.label) for part in CAST)


@pytest.mark.parametrize(
    ("language", "called", "ordered"),
    [("en", "Everybody", "Ordered by Everybody at"), ("fr", "Tout le monde", "Ordre de Tout le monde")],
)
async def test_an_account_of_the_demo_is_called_as_the_reader_says(
    redis_client: Redis, tmp_path: Path, language: Language, called: str, ordered: str
) -> None:
    path = tmp_path / "desk.sqlite"
    writer = DeskWriter(Desk.create(path), Limits())
    writer.write([record(CAMPAIGN_HOLDS, "held", {"at": "2012-11-07T00:00:00.000Z", "by": "console/everybody"})], ())
    writer.desk.close()
    await redis_client.hset(position_key(0, CAMPAIGN_HOLDS), mapping={"topic_id": "t", "offset": "1"})
    await redis_client.hset(HOLDS, "held", str(NOW + 3_600_000))
    console = DemoConsole(redis_client, tmp_path, DeskReader(path))
    page = await page_of(console, "/campaigns/held", Viewer(CAST[0].name, frozenset({"sending"}), language=language))
    assert f"<summary>{called}</summary>" in page
    assert ordered in page


async def test_every_other_account_is_called_by_its_name(console: SignedInConsole) -> None:
    page = await page_of(console, "/people", Viewer("everybody", frozenset({"privacy"}), language="fr"))
    assert "<summary>everybody</summary>" in page
