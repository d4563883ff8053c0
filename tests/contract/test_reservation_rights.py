"""A list is reserved and given back in Redis with the rights that deploy/acl/redis.acl gives, and no others."""

from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from sinks.reservations import Reservation, ReservationGranted, ReservationRequest, Reservations
from tests.contract.test_segments_rights import USERS, client_as

__all__ = ["client_as"]


@pytest.mark.parametrize("user", USERS[1:])
async def test_who_reserves_a_list_may_give_it_back(client_as: Callable[[str], Redis], user: str) -> None:
    reservations = Reservations(client_as(user))
    mine = Reservation("digital", "t", 1_700_000_000_000, 1_700_000_060_000, "a1")
    granted, _ = await reservations.reserve("email", mine, [ReservationRequest("ada"), ReservationRequest("bob")])
    assert isinstance(granted, ReservationGranted)
    await reservations.release("email", "t", [("ada", granted)])
    assert await reservations.count_list("a1") == 1
    assert await reservations.release_list("a1") == 1
