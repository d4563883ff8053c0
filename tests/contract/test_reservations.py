"""Which team has a contact, for how long, and who gives it back; fifty ask at once in `api/test_reservations.py`."""

import pytest
from redis.asyncio import Redis

from sinks.keys import reservation_key, reserved_list_key
from sinks.reservations import (
    Reservation,
    ReservationGranted,
    ReservationRefused,
    ReservationRequest,
    Reservations,
    decode,
)

pytestmark = pytest.mark.usefixtures("prefix")

NOW = 1_700_000_000_000


@pytest.fixture
def reservations(redis_client: Redis) -> Reservations:
    return Reservations(redis_client)


async def held(client: Redis, contact_ids: list[str], channels: list[str]) -> list[dict[str, Reservation]]:
    found = [
        {channel: await client.get(reservation_key(contact_id, channel)) for channel in channels}
        for contact_id in contact_ids
    ]
    return [{channel: decode(said) for channel, said in one.items() if said} for one in found]


def of(team: str, token: str = "", at: int = NOW, lasts_ms: int = 60_000) -> Reservation:
    return Reservation(team, token or f"{team}-{at}", at, at + lasts_ms)


def wanted(*contact_ids: str) -> list[ReservationRequest]:
    return [ReservationRequest(contact_id) for contact_id in contact_ids]


async def test_the_first_team_has_the_reservation_on_that_channel(
    reservations: Reservations, redis_client: Redis
) -> None:
    field, digital = of("field"), of("digital")
    assert await reservations.reserve("text", field, wanted("ada")) == [ReservationGranted(None)]
    assert await reservations.reserve("text", digital, wanted("ada", "bob")) == [
        ReservationRefused(field),
        ReservationGranted(None),
    ]
    assert await reservations.reserve("email", digital, wanted("ada")) == [ReservationGranted(None)]
    assert await held(redis_client, ["ada", "bob", "cyd"], ["text", "email"]) == [
        {"text": field, "email": digital},
        {"text": digital},
        {},
    ]


async def test_the_same_team_extends_its_reservation(reservations: Reservations, redis_client: Redis) -> None:
    first, second = of("field"), of("field", at=NOW + 1000)
    await reservations.reserve("text", first, wanted("ada"))
    assert await reservations.reserve("text", second, wanted("ada")) == [ReservationGranted(first)]
    assert await held(redis_client, ["ada"], ["text"]) == [{"text": second}]


async def test_a_released_contact_can_be_reserved_again(reservations: Reservations, redis_client: Redis) -> None:
    field = of("field")
    [taken] = await reservations.reserve("text", field, wanted("ada"))
    assert isinstance(taken, ReservationGranted)
    await reservations.release("text", field.token, [("ada", taken)])
    assert await held(redis_client, ["ada"], ["text"]) == [{}]


async def test_releasing_an_extension_leaves_what_the_team_had(reservations: Reservations, redis_client: Redis) -> None:
    """Its first message may be on its way."""
    first = Reservation("field", "first", NOW, 4_000_000_000_000)
    await reservations.reserve("text", first, wanted("ada"))
    [taken] = await reservations.reserve("text", of("field", "second"), wanted("ada"))
    assert isinstance(taken, ReservationGranted)
    await reservations.release("text", "second", [("ada", taken)])
    assert await held(redis_client, ["ada"], ["text"]) == [{"text": first}]


async def test_a_reservation_is_not_released_by_another_token(reservations: Reservations, redis_client: Redis) -> None:
    field = of("field")
    await reservations.reserve("text", field, wanted("ada"))
    await reservations.release("text", "another", [("ada", ReservationGranted(None))])
    assert await held(redis_client, ["ada"], ["text"]) == [{"text": field}]


async def test_only_a_confirmed_reservation_is_replaced(reservations: Reservations, redis_client: Redis) -> None:
    field, digital = of("field"), of("digital")
    await reservations.reserve("text", field, wanted("ada"))
    other = await reservations.reserve("text", digital, [ReservationRequest("ada", "one that is over")])
    assert other == [ReservationRefused(field)]
    assert await reservations.reserve("text", digital, [ReservationRequest("ada", field.token)]) == [
        ReservationGranted(None)
    ]
    assert await held(redis_client, ["ada"], ["text"]) == [{"text": digital}]


def listed(team: str, list_id: str, token: str = "", at: int = NOW) -> Reservation:
    return Reservation(team, token or f"{team}-{at}", at, at + 60_000, list_id)


async def test_a_list_that_is_given_back_leaves_nobody_of_it_reserved_and_nobody_else_free(
    reservations: Reservations, redis_client: Redis
) -> None:
    names = [f"p{number}" for number in range(2_500)]
    mine, other, field = listed("digital", "a1"), listed("digital", "b2"), of("field")
    await reservations.reserve("email", mine, wanted(*names))
    await reservations.reserve("text", other, wanted("p1"))
    await reservations.reserve("door", field, wanted("p1"))
    assert await reservations.count_list("a1") == 2_500
    assert await reservations.release_list("a1") == 2_500
    assert await reservations.count_list("a1") == 0
    assert await held(redis_client, ["p1", "p2"], ["email", "text", "door"]) == [{"text": other, "door": field}, {}]
    assert await reservations.release_list("a1") == 0


async def test_whoever_another_team_or_list_has_reserved_since_stays_reserved_when_a_list_is_given_back(
    reservations: Reservations, redis_client: Redis
) -> None:
    mine, later = listed("digital", "a1"), listed("digital", "b2", at=NOW + 1)
    await reservations.reserve("email", mine, wanted("ada", "bob"))
    await reservations.reserve("email", later, wanted("bob"))
    assert await reservations.release_list("a1") == 1
    assert await held(redis_client, ["ada", "bob"], ["email"]) == [{}, {"email": later}]


async def test_a_list_is_known_for_as_long_as_anybody_of_it_is_reserved(
    reservations: Reservations, redis_client: Redis
) -> None:
    hours, minutes = 48 * 3_600_000, 60_000
    long, brief = (Reservation("digital", f"t{lasts}", NOW, NOW + lasts, "a1") for lasts in (hours, minutes))
    await reservations.reserve("email", long, wanted("ada"))
    await reservations.reserve("text", brief, wanted("ada"))
    assert await redis_client.pttl(reserved_list_key("a1")) > minutes
    await reservations.reserve("text", listed("digital", "b2"), wanted("bob"))
    assert 0 < await redis_client.pttl(reserved_list_key("b2")) <= 60_000


async def test_who_was_released_after_a_no_counts_for_no_list(reservations: Reservations) -> None:
    mine = listed("digital", "a1")
    ada, _ = await reservations.reserve("email", mine, wanted("ada", "bob"))
    assert isinstance(ada, ReservationGranted)
    await reservations.release("email", mine.token, [("ada", ada)])
    assert await reservations.count_list("a1") == 1
