"""Nobody is unknown because something is missing, and everybody is found under every name."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from events.topics import CAMPAIGN_HOLDS, CONTACT_LINKS, CONTACT_STATE
from sinks.base import SinkUnavailable
from sinks.holds import Hold, HoldsSink
from sinks.keys import position_key
from sinks.lookup import SLICE, Erased, Found, Incomplete, Lookup, Seen, Unknown, Whole, find_anyway
from sinks.redis import RedisSink
from sinks.reservations import Reservation, Reservations, Wanted
from tests.contract.conftest import client_of
from tests.contract.contact_sink import STALE_AFTER, erased, forgotten, living, merged
from tests.contract.redis_server import RedisServer
from tests.contract.two_topics import absorbed
from tests.contract.whole_redis import HASHED, PARTITIONS, Filling

OLDEST_S = 15.0


@pytest.fixture
async def filling(redis_server: RedisServer, redis_client: Redis) -> AsyncIterator[Filling]:
    sink = RedisSink(client_of(redis_server.port), stale_after=STALE_AFTER)
    holds = HoldsSink(client_of(redis_server.port))
    yield Filling(sink, holds)
    await sink.close()
    await holds.close()


@pytest.fixture
def lookup(redis_client: Redis) -> Lookup:
    return Lookup(redis_client, OLDEST_S)


async def seen(lookup: Lookup, *names: str) -> Seen:
    found = await lookup.look([[name] for name in names])
    assert isinstance(found, Seen)
    return found


async def test_an_empty_redis_is_missing_all(lookup: Lookup) -> None:
    assert await lookup.standing() == Incomplete("missing", "contact-state:0")
    assert await lookup.look([["ada"]]) == Incomplete("missing", "contact-state:0")


async def test_a_whole_one_answers_in_the_order_asked(lookup: Lookup, filling: Filling) -> None:
    await filling.all([living("ada", 1, b'{"n":1}'), living("bob", 1, b'{"n":2}'), erased("cyd", 1)])
    assert isinstance(await lookup.standing(), Whole)
    asked = await seen(lookup, "bob", "eve", "ada", "cyd", "bob")
    assert asked.contacts == [
        *(Found("bob", b'{"n":2}'), Unknown("eve"), Found("ada", b'{"n":1}'), Erased("cyd"), Found("bob", b'{"n":2}')),
    ]


async def test_nobody_asked_is_nobody_answered(lookup: Lookup, filling: Filling) -> None:
    await filling.all()
    assert (await seen(lookup)).contacts == []


async def test_many_are_asked_in_several_calls(lookup: Lookup, filling: Filling) -> None:
    names = [f"c{number}" for number in range(3 * SLICE + 1)]
    await filling.all([living(name, 1, name.encode()) for name in names])
    assert (await seen(lookup, *names)).contacts == [Found(name, name.encode()) for name in names]


async def test_an_absorbed_contact_is_its_survivor(lookup: Lookup, filling: Filling) -> None:
    await filling.all([living("ada", 1, b"{}")], [absorbed(HASHED, 1, "ada"), absorbed("old", 1, HASHED)])
    assert (await seen(lookup, HASHED, "old")).contacts == [Found("ada", b"{}")] * 2


async def test_ids_that_absorb_each_other_are_nobody_and_do_not_hang(lookup: Lookup, filling: Filling) -> None:
    await filling.all((), [absorbed("a", 1, "b"), absorbed("b", 1, "a")])
    assert isinstance((await seen(lookup, "a")).contacts[0], Unknown)


async def test_who_is_absorbed_by_nobody_known_is_unknown_under_that_name(lookup: Lookup, filling: Filling) -> None:
    await filling.all((), [absorbed(HASHED, 1, "ada")])
    assert (await seen(lookup, HASHED)).contacts == [Unknown("ada")]


async def test_an_address_is_found_under_the_hash_of_an_older_key(lookup: Lookup, filling: Filling) -> None:
    newer, older = "email:" + "a" * 32, "email:" + "b" * 32
    await filling.all([living(older, 1, b"{}")])
    found = await lookup.look([[newer, older], [newer]])
    assert isinstance(found, Seen)
    assert found.contacts == [Found(older, b"{}"), Unknown(newer)]


async def test_an_erased_address_is_not_unknown(lookup: Lookup, filling: Filling) -> None:
    await filling.all([erased(HASHED, 2)])
    assert (await seen(lookup, HASHED)).contacts == [Erased(HASHED)]


async def test_a_forgotten_one_is_unknown(lookup: Lookup, filling: Filling) -> None:
    await filling.all([living("ada", 1)])
    await filling.write(CONTACT_STATE, [forgotten("ada", 2)], at=2)
    assert (await seen(lookup, "ada")).contacts == [Unknown("ada")]


async def test_ids_come_without_profiles(lookup: Lookup, filling: Filling) -> None:
    await filling.all([living("ada", 1, b"{}"), merged("old", 1, "ada"), erased("cyd", 1)])
    found = await lookup.ids([["old"], ["cyd"], ["eve"]])
    assert isinstance(found, Seen)
    assert found.contacts == [Found("ada", b""), Erased("cyd"), Unknown("eve")]


async def test_people_who_look_find_a_contact_in_a_redis_that_is_not_whole(
    lookup: Lookup, filling: Filling, redis_client: Redis
) -> None:
    await filling.write(CONTACT_STATE, [living("ada", 1, b'{"n":1}'), erased("cyd", 1)], at=1)
    await filling.write(CONTACT_LINKS, [absorbed(HASHED, 1, "ada"), absorbed("old", 1, HASHED)], at=1)

    assert isinstance(await lookup.look([["ada"]]), Incomplete)
    found = [await find_anyway(redis_client, names) for names in (["ada"], ["eve", "old"], ["cyd"], ["eve", "dan"])]
    assert found == [Found("ada", b'{"n":1}'), Found("ada", b'{"n":1}'), Erased("cyd"), Unknown("eve")]


async def test_who_has_reserved_a_contact_comes_with_it(lookup: Lookup, filling: Filling, redis_client: Redis) -> None:
    await filling.all([living("ada", 1, b"{}")], [absorbed("old", 1, "ada")])
    mine = Reservation("field", "t", 1_700_000_000_000, 1_700_000_060_000)
    for channel in ("text", "letter"):
        await Reservations(redis_client).reserve(channel, mine, [Wanted("ada")])
    assert (await seen(lookup, "bob", "old")).reserved == [{}, {"text": mine, "letter": mine}]


@pytest.mark.parametrize("topic", [CONTACT_STATE, CONTACT_LINKS])
@pytest.mark.parametrize("partition", range(PARTITIONS))
async def test_one_partition_that_is_lost_is_enough(
    lookup: Lookup, filling: Filling, redis_client: Redis, topic: str, partition: int
) -> None:
    await filling.all([living("ada", 1)])
    await redis_client.delete(position_key(partition, topic))
    missing = await lookup.look([["ada"]])
    assert isinstance(missing, Incomplete)
    assert missing.why == "missing"
    assert missing.where.startswith(topic)


async def test_lost_holds_are_missed(lookup: Lookup, filling: Filling, redis_client: Redis) -> None:
    await filling.all()
    await redis_client.delete(position_key(0, CAMPAIGN_HOLDS))
    assert await lookup.standing() == Incomplete("missing", "campaign-holds:0")


async def test_what_is_being_filled_again_is_not_whole_until_it_is_told(lookup: Lookup, filling: Filling) -> None:
    await filling.all([living("ada", 1)])
    sink = filling.views[CONTACT_STATE]
    await sink.clear(2, PARTITIONS)
    assert await lookup.standing() == Incomplete("missing", "contact-state:2")
    await filling.write(CONTACT_STATE, (), at=2)
    assert await lookup.standing() == Incomplete("refilling", "contact-state:2")
    await filling.tell(CONTACT_STATE)
    assert await lookup.standing() == Incomplete("missing", "contact-links:2")


async def test_a_standing_that_is_too_old_counts_for_nothing(lookup: Lookup, filling: Filling) -> None:
    await filling.all([living("ada", 1)])
    await filling.tell(CONTACT_LINKS, [1], age_ms=round(OLDEST_S * 1000) + 500)
    assert await lookup.look([["ada"]]) == Incomplete("too_old", "contact-links:1")


async def test_a_standing_from_the_future_counts_for_nothing(lookup: Lookup, filling: Filling) -> None:
    await filling.all()
    await filling.tell(CONTACT_STATE, [3], age_ms=-round(OLDEST_S * 1000) - 5000)
    assert await lookup.standing() == Incomplete("too_old", "contact-state:3")


async def test_the_data_is_as_old_as_the_oldest_partition(lookup: Lookup, filling: Filling) -> None:
    await filling.all()
    now = await lookup.standing()
    await filling.tell(CONTACT_STATE, [3], age_ms=9000)
    then = await lookup.standing()
    assert isinstance(now, Whole)
    assert isinstance(then, Whole)
    assert 5000 < now.as_of - then.as_of <= 9000


async def test_another_number_of_partitions_is_not_whole(lookup: Lookup, filling: Filling, redis_client: Redis) -> None:
    await filling.all()
    await redis_client.hset(position_key(1, CONTACT_LINKS), "partitions", "2")
    assert await lookup.standing() == Incomplete("refilling", "contact-links:1")


async def test_a_hold_is_seen_with_the_contacts(lookup: Lookup, filling: Filling) -> None:
    await filling.all()
    assert await filling.hold({"gotv": 1_700_000_000_000, "für immer": None}, at=2)
    found = [await lookup.look([["ada"]], campaign) for campaign in ("gotv", "für immer", "another")]
    assert [one.hold for one in found if isinstance(one, Seen)] == [
        *(Hold("gotv", 1_700_000_000_000), Hold("für immer", None), None),
    ]


async def test_holds_that_are_lifted_are_gone_and_older_ones_do_not_come_back(lookup: Lookup, filling: Filling) -> None:
    await filling.all()
    assert await filling.hold({"gotv": None}, at=2)
    assert await filling.hold({}, at=3)
    assert not await filling.hold({"gotv": None}, at=2)
    found = await lookup.look([], "gotv")
    assert isinstance(found, Seen)
    assert found.hold is None


async def test_a_redis_that_is_away_is_a_trouble_and_no_answer(redis_server: RedisServer, lookup: Lookup) -> None:
    redis_server.kill()
    try:
        with pytest.raises(SinkUnavailable):
            await lookup.look([["ada"]])
    finally:
        redis_server.start()
