"""A person's page names the team that has reserved them, and until when."""

from redis.asyncio import Redis

from sinks.reservations import Reservation, ReservationRequest, Reservations
from streams.services.console.rights import Viewer
from tests.contract.console.signed_in_console import NOW, SignedInConsole
from tests.contract.console.test_person_segments import console, seen_by

__all__ = ["console"]
TWO_HOURS_MS = 7_200_000


async def test_who_has_reserved_a_person_is_named_with_the_channel_and_until_when(
    console: SignedInConsole, redis_client: Redis
) -> None:
    mine = Reservation("digital", "t", NOW, NOW + TWO_HOURS_MS)
    await Reservations(redis_client).reserve("email", mine, [ReservationRequest("ada")])
    text = await seen_by(console, Viewer("finn", frozenset({"field"})), "/people/ada")
    assert "Reserved for digital until 22:00, to be reached by this channel: E-mail" in text
    assert "This person is reserved for digital." in text
    assert "Another team" not in text
    text = await seen_by(console, Viewer("fanny", frozenset({"field"}), language="fr"), "/people/ada")
    assert "Personne réservée à digital jusqu’à 22:00" in text
    assert "Reserved for" not in await seen_by(console, Viewer("finn", frozenset({"field"})), "/people/bob")
