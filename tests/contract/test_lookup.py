"""Nobody is unknown because something is missing, and everybody is found under every name."""

import pytest
from redis.asyncio import Redis

from events.identifiers import Hasher
from events.topics import CAMPAIGN_HOLDS, CONTACT_LINKS, CONTACT_STATE
from sinks.base import SinkUnavailable
from sinks.holds import Hold, HoldsSink
from sinks.keys import position_key
from sinks.lookup import (
    SLICE,
    Complete,
    ErasedContact,
    Incomplete,
    KnownContact,
    Lookup,
    LookupReply,
    UnknownContact,
    find_anyway,
)
from sinks.reservations import Reservation, ReservationRequest, Reservations
from tests.contract.conftest import client_of
from tests.contract.contact_sink import erased, living, merged
from tests.contract.redis_server import RedisServer
from tests.contract.two_topics import absorbed
from tests.contract.whole_redis import HASHED, PARTITIONS, Filling

pytestmark = pytest.mark.usefixtures("prefix")

OLDEST_S = 15.0


@pytest.fixture
def lookup(redis_client: Redis) -> Lookup:
    return Lookup(redis_client, OLDEST_S)


async def seen(lookup: Lookup, *names: str) -> LookupReply:
    found = await lookup.look([[name] for name in names])
    assert isinstance(found, LookupReply)
    return found


async def test_an_empty_redis_is_incomplete_in_every_topic(lookup: Lookup) -> None:
    assert await lookup.standing() == Incomplete("missing", "contact-state:0")
    assert await lookup.look([["ada"]]) == Incomplete("missing", "contact-state:0")


async def test_a_complete_redis_answers_in_the_order_asked(lookup: Lookup, filling: Filling) -> None:
    await filling.all([living("ada", 1, b'{"n":1}'), living("bob", 1, b'{"n":2}'), erased("cyd", 1)])
    assert isinstance(await lookup.standing(), Complete)
    asked = await seen(lookup, "bob", "eve", "ada", "cyd", "bob")
    assert asked.contacts == [
        *(
            KnownContact("bob", b'{"n":2}'),
            UnknownContact("eve"),
            KnownContact("ada", b'{"n":1}'),
            ErasedContact("cyd"),
            KnownContact("bob", b'{"n":2}'),
        ),
    ]


async def test_a_lookup_of_no_names_returns_no_contacts(lookup: Lookup, filling: Filling) -> None:
    await filling.all()
    assert (await seen(lookup)).contacts == []


async def test_many_contacts_are_looked_up_in_several_calls(lookup: Lookup, filling: Filling) -> None:
    names = [f"c{number}" for number in range(3 * SLICE + 1)]
    await filling.all([living(name, 1, name.encode()) for name in names])
    assert (await seen(lookup, *names)).contacts == [KnownContact(name, name.encode()) for name in names]


async def test_an_absorbed_contact_is_its_survivor(lookup: Lookup, filling: Filling) -> None:
    await filling.all([living("ada", 1, b"{}")], [absorbed(HASHED, 1, "ada"), absorbed("old", 1, HASHED)])
    assert (await seen(lookup, HASHED, "old")).contacts == [KnownContact("ada", b"{}")] * 2


async def test_contacts_that_absorb_each_other_are_unknown_and_do_not_hang(lookup: Lookup, filling: Filling) -> None:
    await filling.all((), [absorbed("a", 1, "b"), absorbed("b", 1, "a")])
    assert isinstance((await seen(lookup, "a")).contacts[0], UnknownContact)


async def test_a_contact_absorbed_by_an_unknown_one_is_unknown_under_that_id(lookup: Lookup, filling: Filling) -> None:
    await filling.all((), [absorbed(HASHED, 1, "ada")])
    assert (await seen(lookup, HASHED)).contacts == [UnknownContact("ada")]


async def test_an_address_is_found_under_the_hash_of_an_older_key(lookup: Lookup, filling: Filling) -> None:
    newer, older = "email:" + "a" * 32, "email:" + "b" * 32
    await filling.all([living(older, 1, b"{}")])
    found = await lookup.look([[newer, older], [newer]])
    assert isinstance(found, LookupReply)
    assert found.contacts == [KnownContact(older, b"{}"), UnknownContact(newer)]


async def test_a_lookup_of_ids_returns_no_profiles(lookup: Lookup, filling: Filling) -> None:
    await filling.all([living("ada", 1, b"{}"), merged("old", 1, "ada"), erased("cyd", 1)])
    found = await lookup.ids([["old"], ["cyd"], ["eve"]])
    assert isinstance(found, LookupReply)
    assert found.contacts == [KnownContact("ada", b""), ErasedContact("cyd"), UnknownContact("eve")]


async def test_people_who_look_find_a_contact_in_a_redis_that_is_not_whole(
    lookup: Lookup, filling: Filling, redis_client: Redis
) -> None:
    await filling.write(CONTACT_STATE, [living("ada", 1, b'{"n":1}'), erased("cyd", 1)], at=1)
    await filling.write(CONTACT_LINKS, [absorbed(HASHED, 1, "ada"), absorbed("old", 1, HASHED)], at=1)

    assert isinstance(await lookup.look([["ada"]]), Incomplete)
    found = [await find_anyway(redis_client, names) for names in (["ada"], ["eve", "old"], ["cyd"], ["eve", "dan"])]
    assert found == [
        KnownContact("ada", b'{"n":1}'),
        KnownContact("ada", b'{"n":1}'),
        ErasedContact("cyd"),
        UnknownContact("eve"),
    ]


async def test_a_lookup_returns_the_reservations_of_each_contact(
    lookup: Lookup, filling: Filling, redis_client: Redis
) -> None:
    await filling.all([living("ada", 1, b"{}")], [absorbed("old", 1, "ada")])
    mine = Reservation("field", "t", 1_700_000_000_000, 1_700_000_060_000)
    for channel in ("text", "letter"):
        await Reservations(redis_client).reserve(channel, mine, [ReservationRequest("ada")])
    assert (await seen(lookup, "bob", "old")).reserved == [{}, {"text": mine, "letter": mine}]


@pytest.mark.parametrize("topic", [CONTACT_STATE, CONTACT_LINKS])
@pytest.mark.parametrize("partition", range(PARTITIONS))
async def test_one_lost_partition_makes_redis_incomplete(
    lookup: Lookup, filling: Filling, redis_client: Redis, topic: str, partition: int
) -> None:
    await filling.all([living("ada", 1)])
    await redis_client.delete(position_key(partition, topic))
    missing = await lookup.look([["ada"]])
    assert isinstance(missing, Incomplete)
    assert missing.why == "missing"
    assert missing.where.startswith(topic)


async def test_redis_without_its_holds_is_incomplete(lookup: Lookup, filling: Filling, redis_client: Redis) -> None:
    await filling.all()
    await redis_client.delete(position_key(0, CAMPAIGN_HOLDS))
    assert await lookup.standing() == Incomplete("missing", "campaign-holds:0")


async def test_a_partition_that_is_being_refilled_is_incomplete_until_the_sink_says_otherwise(
    lookup: Lookup, filling: Filling
) -> None:
    await filling.all([living("ada", 1)])
    sink = filling.views[CONTACT_STATE]
    await sink.clear(2, PARTITIONS)
    assert await lookup.standing() == Incomplete("missing", "contact-state:2")
    await filling.write(CONTACT_STATE, (), at=2)
    assert await lookup.standing() == Incomplete("refilling", "contact-state:2")
    await filling.tell(CONTACT_STATE)
    assert await lookup.standing() == Incomplete("missing", "contact-links:2")


@pytest.mark.parametrize("age_s", [OLDEST_S + 0.5, -OLDEST_S - 5])
async def test_a_completeness_statement_too_old_or_from_the_future_does_not_count(
    lookup: Lookup, filling: Filling, age_s: float
) -> None:
    await filling.all([living("ada", 1)])
    await filling.tell(CONTACT_LINKS, [1], age_ms=round(age_s * 1000))
    assert await lookup.look([["ada"]]) == Incomplete("too_old", "contact-links:1")


async def test_the_data_is_as_old_as_the_oldest_partition(lookup: Lookup, filling: Filling) -> None:
    await filling.all()
    now = await lookup.standing()
    await filling.tell(CONTACT_STATE, [3], age_ms=9000)
    then = await lookup.standing()
    assert isinstance(now, Complete)
    assert isinstance(then, Complete)
    assert 5000 < now.as_of - then.as_of <= 9000


async def test_a_statement_of_another_number_of_partitions_is_not_complete(
    lookup: Lookup, filling: Filling, redis_client: Redis
) -> None:
    await filling.all()
    await redis_client.hset(position_key(1, CONTACT_LINKS), "partitions", "2")
    assert await lookup.standing() == Incomplete("refilling", "contact-links:1")


async def test_a_hold_is_seen_with_the_contacts(lookup: Lookup, filling: Filling) -> None:
    await filling.all()
    assert await filling.hold({"gotv": 1_700_000_000_000, "für immer": None}, at=2)
    found = [await lookup.look([["ada"]], campaign) for campaign in ("gotv", "für immer", "another")]
    assert [one.hold for one in found if isinstance(one, LookupReply)] == [
        *(Hold("gotv", 1_700_000_000_000), Hold("für immer", None), None),
    ]


async def test_holds_that_are_lifted_are_gone_and_older_ones_do_not_come_back(lookup: Lookup, filling: Filling) -> None:
    await filling.all()
    assert await filling.hold({"gotv": None}, at=2)
    assert await filling.hold({}, at=3)
    assert not await filling.hold({"gotv": None}, at=2)
    found = await lookup.look([], "gotv")
    assert isinstance(found, LookupReply)
    assert found.hold is None


async def test_a_redis_that_is_down_raises_sink_unavailable(redis_server: RedisServer, lookup: Lookup) -> None:
    redis_server.kill()
    try:
        with pytest.raises(SinkUnavailable):
            await lookup.look([["ada"]])
    finally:
        redis_server.start()


OLD, NEW, OTHER = (Hasher([key]).key_ids[0] for key in (b"old key", b"new key", b"a third key"))


async def test_under_another_regime_than_the_workers_nobody_is_looked_up(
    redis_server: RedisServer, redis_client: Redis, filling: Filling
) -> None:
    keyed = HoldsSink(client_of(redis_server.port), [OLD, "regime=fr,FR"])
    await Filling(filling.views[CONTACT_STATE], keyed).all([living("ada", 1, b"{}")])
    await keyed.close()
    assert isinstance(await Lookup(redis_client, OLDEST_S, [OLD, "regime=fr,FR"]).standing(), Complete)
    other = Lookup(redis_client, OLDEST_S, [OLD, "regime=us"])
    assert await other.look([["ada"]]) == Incomplete("other_regime", CAMPAIGN_HOLDS)


@pytest.mark.parametrize(
    "keys",
    [
        ([OLD], [OLD], True),
        ([OLD], [OTHER], False),
        ([NEW, OLD], [NEW, OLD], True),
        ([OLD], [NEW, OLD], True),
        ([NEW, OLD], [OLD], True),
        ([NEW], [OLD], False),
        ([NEW, OLD], [OTHER], False),
        ([], [OTHER], True),
        ([OLD], [], True),
    ],
)
async def test_with_another_identity_key_than_the_workers_nobody_is_looked_up(
    redis_server: RedisServer,
    redis_client: Redis,
    filling: Filling,
    keys: tuple[list[str], list[str], bool],
) -> None:
    workers, asking, answered = keys
    keyed = HoldsSink(client_of(redis_server.port), workers)
    await Filling(filling.views[CONTACT_STATE], keyed).all([living("ada", 1, b"{}")])
    await keyed.close()
    lookup = Lookup(redis_client, OLDEST_S, asking)
    assert isinstance(await lookup.look([["ada"]]), LookupReply) is answered
    assert isinstance(await lookup.standing(), Complete) is answered
    await redis_client.delete(position_key(0, CONTACT_LINKS))
    assert (await lookup.standing()) == (
        Incomplete("missing", "contact-links:0") if answered else Incomplete("other_key", CAMPAIGN_HOLDS)
    )
