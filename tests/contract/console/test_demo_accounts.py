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
from tests.contract.console.signed_in_console import NOW, SignedInConsole
from tests.unit.services.console.desk_records import record


class DemoConsole(SignedInConsole):
    """A console with the accounts of the demo."""

    switch_to = tuple((part.name, part.label) for part in CAST)


@pytest.mark.parametrize(("language", "called"), [("en", "Everybody"), ("fr", "Tout le monde")])
async def test_an_account_of_the_demo_is_called_as_the_reader_says(
    redis_client: Redis, tmp_path: Path, language: str, called: str
) -> None:
    console = DemoConsole(redis_client, tmp_path)
    viewer = Viewer(CAST[0].name, frozenset({"privacy"}), language=language)  # type: ignore[arg-type]
    async with console.browser(viewer) as browser:
        text = (await browser.get("/people")).text
    assert f"<summary>{called}</summary>" in text
    await console.reports.stop()


async def test_every_other_account_is_called_by_its_name(redis_client: Redis, tmp_path: Path) -> None:
    console = SignedInConsole(redis_client, tmp_path)
    async with console.browser(Viewer("everybody", frozenset({"privacy"}), language="fr")) as browser:
        assert "<summary>everybody</summary>" in (await browser.get("/people")).text
    await console.reports.stop()


@pytest.mark.parametrize(("language", "told"), [("en", "Ordered by Everybody at"), ("fr", "Ordre de Tout le monde")])
async def test_whoever_ordered_a_hold_is_called_as_the_reader_says(
    redis_client: Redis, tmp_path: Path, language: str, told: str
) -> None:
    path = tmp_path / "desk.sqlite"
    writer = DeskWriter(Desk.create(path), Limits())
    writer.write([record(CAMPAIGN_HOLDS, "held", {"at": "2012-11-07T00:00:00.000Z", "by": "console/everybody"})], ())
    writer.desk.close()
    await redis_client.hset(position_key(0, CAMPAIGN_HOLDS), mapping={"topic_id": "t", "offset": "1"})
    await redis_client.hset(HOLDS, "held", str(NOW + 3_600_000))
    console = DemoConsole(redis_client, tmp_path, DeskReader(path))
    viewer = Viewer("everybody", frozenset({"sending"}), language=language)  # type: ignore[arg-type]
    async with console.browser(viewer) as browser:
        text = (await browser.get("/campaigns/held")).text
    assert told in text
    await console.reports.stop()
