import pytest

from streams.worker.app import ShutdownCloser


async def test_things_are_closed_in_order_when_it_stops_and_not_before() -> None:
    closed: list[str] = []

    async def close(name: str) -> None:
        closed.append(name)

    async with ShutdownCloser([lambda: close("table"), lambda: close("outbox")]):
        assert closed == []

    assert closed == ["table", "outbox"]


async def test_what_cannot_be_closed_does_not_keep_the_rest_open() -> None:
    closed: list[str] = []

    async def fail() -> None:
        raise RuntimeError("broken")

    async def close() -> None:
        closed.append("sink")

    closing = ShutdownCloser([fail, close])
    await closing.start()
    with pytest.raises(RuntimeError, match="broken"):
        await closing.stop()

    assert closed == ["sink"]
