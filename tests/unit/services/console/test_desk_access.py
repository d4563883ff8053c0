"""The desk as pages ask it, and how fresh its figures are."""

from pathlib import Path

import pytest

from sinks.lookup import Complete, Incomplete
from streams.services.console import desk_reading
from streams.services.console.desk import Desk, DeskMissing, remove_desk
from streams.services.console.desk_access import DeskReader
from streams.services.console.desk_reading import Freshness
from streams.services.console.standing import Standing, standing


async def test_a_desk_that_is_made_anew_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "desk.sqlite"
    reader = DeskReader(path)
    with pytest.raises(DeskMissing):
        await reader.ask(desk_reading.latest_event_ms)
    for latest in (5, 7):
        remove_desk(path)
        desk = Desk.create(path)
        desk.set_meta("latest_event", latest)
        desk.close()
        for _ in range(4):
            assert await reader.ask(desk_reading.latest_event_ms) == latest
    reader.close()


@pytest.mark.parametrize(
    ("known", "redis", "found"),
    [
        (Freshness(900, complete=True, stopped_at_ms=None), Complete(950), Standing(900, None)),
        (Freshness(900, complete=True, stopped_at_ms=None), Complete(800), Standing(800, None)),
        (Freshness(None, complete=False, stopped_at_ms=None), Complete(800), Standing(None, None)),
        (Freshness(900, complete=True, stopped_at_ms=700), Complete(950), Standing(900, 700)),
        (Freshness(900, complete=True, stopped_at_ms=None), Incomplete("missing", "x"), Standing(900, None)),
        (Freshness(100_000, complete=True, stopped_at_ms=None), Incomplete("too_old", "x"), Standing(40_000, 40_000)),
    ],
)
def test_figures_are_as_old_as_the_desk_or_as_the_workers_that_feed_it(
    known: Freshness, redis: Complete | Incomplete, found: Standing
) -> None:
    assert standing(known, redis, 100_000, 60.0) == found
