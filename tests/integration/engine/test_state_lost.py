from dataclasses import replace

import pytest

from streams.engine.runs import Run
from streams.platform.errors import StateLost
from tests.integration.engine.owner import Bench, put, sums


async def chunk_of_what_is_left(bench: Bench, start: int = 0) -> Run:
    """What a fetch brings: the input's records from an offset on, those that the broker still has."""
    records = [record for record in await bench.cluster.committed(bench.source) if record.offset >= start]
    return Run(bench.source, records, records[-1].offset + 1, 1)


async def test_what_the_state_lacks_is_read_from_the_input(bench: Bench) -> None:
    """The group was told that a chunk is done, and the broker has aborted it."""
    await put(bench, 10)
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(4)), bench.add_up)
    bench.committed[bench.source] = 7

    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(7, 9)), bench.add_up)
        await owner.apply(bench.chunk(range(9, 10)), bench.add_up)
    assert await bench.told() == list(range(10))
    assert await bench.table() == sums(range(10))


async def test_what_is_no_record_is_not_missed(bench: Bench) -> None:
    """Markers and aborted records take offsets too; a run says where its reading began."""
    async with bench.owned() as owner:
        await owner.apply(replace(bench.chunk(range(4)), next_offset=6), bench.add_up)
        assert owner.watermark(bench.source) == 5
        await owner.apply(replace(bench.chunk(range(8, 10)), start=6), bench.add_up)

    assert await bench.told() == [0, 1, 2, 3, 8, 9]


async def test_a_gap_that_the_input_cannot_fill_stops_the_partition(bench: Bench) -> None:
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(4)), bench.add_up)
        writer = owner._writer

        with pytest.raises(StateLost, match=r"the state ends at 3 and the input goes on at 5"):
            await owner.apply(bench.chunk(range(5, 8)), bench.add_up)
        assert owner._writer is writer  # nothing is tried again
    assert await bench.told() == [0, 1, 2, 3]


async def test_input_that_is_gone_stops_the_partition(bench: Bench) -> None:
    """A worker was away for longer than the topic keeps its records."""
    await put(bench, 10)
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(4)), bench.add_up)
    bench.cluster.delete_before(bench.source, 7)

    async with bench.owned() as owner:
        with pytest.raises(StateLost, match=r"ends at 3 and the input goes on at 7: .*restore them"):
            await owner.apply(await chunk_of_what_is_left(bench), bench.add_up)


async def test_an_empty_changelog_is_no_reason_to_begin_in_the_middle(bench: Bench) -> None:
    """The first chunk that comes is not the first of the input, and nothing is committed."""
    await put(bench, 10)

    async with bench.owned() as owner:
        await owner.apply(await chunk_of_what_is_left(bench, start=4), bench.add_up)
    assert await bench.told() == list(range(10))


@pytest.mark.parametrize("is_input_gone", [False, True])
async def test_an_empty_changelog_of_a_group_that_has_done_something_stops_the_partition(
    bench: Bench, is_input_gone: bool
) -> None:
    """The changelog was lost, and the group goes on where it was; all that was folded may have left the topic."""
    await put(bench, 10)
    if is_input_gone:
        bench.cluster.delete_before(bench.source, 4)
    bench.committed[bench.source] = 4

    async with bench.owned() as owner:
        with pytest.raises(StateLost, match=r"the group has done what is below 4, but .* holds none of it: .*restore"):
            await owner.apply(await chunk_of_what_is_left(bench, start=4), bench.add_up)
    assert await bench.told() == []


async def test_what_is_committed_is_of_no_interest_once_there_is_a_state(bench: Bench) -> None:
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(4)), bench.add_up)
        bench.committed[bench.source] = 4
        await owner.apply(bench.chunk(range(4, 6)), bench.add_up)

    assert await bench.told() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("folded", [0, 6])
async def test_input_that_is_gone_before_the_place_where_the_state_goes_on_does_no_harm(
    bench: Bench, folded: int
) -> None:
    """Nor before a first start."""
    await put(bench, 10)
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(folded)), bench.add_up)
    bench.cluster.delete_before(bench.source, folded or 4)

    async with bench.owned() as owner:
        await owner.apply(await chunk_of_what_is_left(bench), bench.add_up)

        assert owner.watermark(bench.source) == 9


async def test_input_that_was_made_anew_is_not_taken_for_what_was_folded(bench: Bench) -> None:
    """Its offsets begin again, so the watermark of the old topic would pass over as many records of the new one."""
    bench.source_id = "the first"
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(4)), bench.add_up)
    async with bench.owned() as owner:
        await owner.apply(bench.chunk(range(4, 5)), bench.add_up)

    bench.source_id = "the second"
    async with bench.owned() as owner:
        with pytest.raises(StateLost, match="made anew"):
            await owner.apply(bench.chunk(range(3)), bench.add_up)
    assert await bench.told() == [0, 1, 2, 3, 4]
