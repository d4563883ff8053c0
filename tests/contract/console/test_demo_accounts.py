"""What the pages call the accounts of the demo."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from streams.demo.cast import CAST
from streams.services.console.rights import Viewer
from tests.contract.console.signed_in_console import SignedInConsole


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
