"""Of all who ask for one person at once, one is allowed."""

import asyncio
from collections import Counter
from random import Random
from typing import Any

from redis.asyncio import Redis

from events.times import render_time
from sinks.base import Position
from sinks.keys import reservation_key
from sinks.reservations import Reservation, decode
from tests.contract.api.desk import ADDRESS, DAY, HASHER, HOUR, NOON, Desk, known, touch
from tests.contract.conftest import client_of
from tests.contract.redis_server import RedisServer
from tests.contract.two_topics import absorbed
from tests.contract.whole_redis import TOPIC, Filling

ADA = {"contact_id": "ada"}
LONG_S = 3600.0
"""For nobody says again that nothing is missing."""


async def reserving(desk: Desk, token: str, **more: object) -> Any:
    """The decision about Ada, reserved for ten minutes."""
    [one] = await desk.may(ADA, token=token, **{"reserve": 600, **more})
    return one


async def holder(client: Redis) -> Reservation:
    """Who has Ada on e-mail."""
    found = await client.get(reservation_key("ada", "email"))
    assert isinstance(found, bytes)
    return decode(found)


def said(decision: Any) -> tuple[str, str]:
    return decision["decision"], decision["reason"]


async def test_an_allowed_person_is_reserved_for_the_team(desk: Desk, filling: Filling, redis_client: Redis) -> None:
    await filling.all([known("ada")])
    first = await reserving(desk, "digital")
    held = await holder(redis_client)
    assert said(first) == ("allow", "ok")
    assert (held.team, held.token, held.at) == ("digital", first["reservation"], NOON)
    assert 0 < await redis_client.pttl(reservation_key("ada", "email")) <= 600_000
    second = await reserving(desk, "field")
    assert said(second) == ("defer", "reserved")
    assert "reservation" not in second


async def test_a_request_without_reserve_is_deferred_too_where_another_team_has_reserved(
    desk: Desk, filling: Filling
) -> None:
    await filling.all([known("ada")])
    await reserving(desk, "digital")
    assert [said(one) for one in await desk.may(ADA, token="field")] == [("defer", "reserved")]
    assert [said(one) for one in await desk.may(ADA, token="digital")] == [("allow", "ok")]


async def test_a_reservation_counts_on_every_channel(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    await reserving(desk, "digital")
    letter = await reserving(desk, "field", channel="letter")
    assert said(letter) == ("defer", "reserved")


async def test_a_team_extends_its_own_reservation(desk: Desk, filling: Filling, redis_client: Redis) -> None:
    await filling.all([known("ada")])
    await reserving(desk, "digital")
    desk.at += 60_000
    again = await reserving(desk, "digital")
    held = await holder(redis_client)
    assert (held.token, held.until) == (again["reservation"], NOON + 660_000)


async def test_a_person_who_is_not_allowed_is_not_reserved(desk: Desk, filling: Filling, redis_client: Redis) -> None:
    await filling.all([known("ada", [touch(NOON - HOUR)])])
    assert said(await reserving(desk, "digital")) == ("defer", "gap")
    assert await redis_client.keys("reservation:*") == []


async def test_a_touch_after_a_reservation_began_confirms_it(desk: Desk, filling: Filling, redis_client: Redis) -> None:
    """Then the touch speaks for itself: others come again after the gap, though the reservation is longer."""
    await filling.all([known("ada")])
    await reserving(desk, "digital", reserve=86_400)
    await filling.write("contact-state", [known("ada", [touch(NOON + 1, "digital")], version=2)], at=2)
    desk.at = NOON + HOUR
    assert said(await reserving(desk, "field")) == ("defer", "gap")
    desk.at = NOON + 5 * HOUR
    taken = await reserving(desk, "field")
    assert said(taken) == ("allow", "ok")
    assert (await holder(redis_client)).token == taken["reservation"]


async def test_a_touch_before_a_reservation_began_does_not_confirm_it(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada", [touch(NOON - DAY, "digital")])])
    await reserving(desk, "digital")
    assert said(await reserving(desk, "field")) == ("defer", "reserved")


async def test_somebody_who_is_in_the_list_twice_is_reached_once(desk: Desk, filling: Filling) -> None:
    hashed = HASHER.email(ADDRESS)
    assert hashed is not None
    await filling.all([known("ada")], [absorbed(hashed, 1, "ada")])
    twice = await desk.may(ADA, {"email": ADDRESS}, ADA, reserve=600)
    assert Counter(one["decision"] for one in twice) == {"allow": 1, "defer": 2}


async def test_whoever_waits_for_a_reservation_is_told_the_first_moment_that_is_open(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    """Noon and eleven hours is an hour after mail is closed for the night."""
    await filling.all([known("ada")])
    morning = render_time(NOON + 18 * HOUR)
    first, second = await desk.may(ADA, ADA, reserve=11 * 3600)
    assert (said(first), said(second), second["earliest_at"]) == (("allow", "ok"), ("defer", "reserved"), morning)
    other = await reserving(desk, "field")
    assert (said(other), other["earliest_at"]) == (("defer", "reserved"), morning)
    desk.at = NOON + 18 * HOUR - 1
    assert (await reserving(desk, "field"))["decision"] == "defer"
    await redis_client.delete(reservation_key("ada", "email"))  # it has expired by now
    assert (await reserving(desk, "field"))["decision"] == "defer"
    desk.at += 1
    assert (await reserving(desk, "field"))["decision"] == "allow"


async def test_what_skips_the_caps_waits_for_nobody_and_holds_nobody_up(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    await filling.all([known("ada")])
    await reserving(desk, "digital", purpose="transactional")
    assert await redis_client.keys("reservation:*") == []


async def test_of_fifty_teams_at_once_at_most_one_is_allowed_each_contact(
    redis_server: RedisServer, filling: Filling
) -> None:
    """Each has a connection and a process's parts of its own, an order of its own, and one of three channels."""
    names = [f"c{number}" for number in range(1000)]
    await filling.all([known(name) for name in names])

    async def allowed(number: int, some: int = 1000) -> set[str]:
        mine = Random(number).sample(names, some)
        more: Any = {"token": f"team-{number}", "reserve": 600, "channel": ("email", "letter", "door")[number % 3]}
        found: set[str] = set()
        async with client_of(redis_server.port, patience_s=LONG_S) as client:  # fifty at once, in one process
            desk = Desk(client, oldest_s=LONG_S)
            for at in range(0, some, 100):
                answers = await desk.may(*({"contact_id": name} for name in mine[at : at + 100]), **more)
                found |= {one["contact_id"] for one in answers if one["decision"] == "allow"}
        return found

    teams = await asyncio.gather(*map(allowed, range(50)))
    times = Counter(name for team in teams for name in team)
    assert {*times.values()} == {1}
    assert sum(map(bool, teams)) > 1, "so they did meet"
    has = {name: number for number, team in enumerate(teams) for name in team}
    for number in (0, 25, 49):
        again = await allowed(number, 200)
        assert {has.setdefault(name, number) for name in again} <= {number}, "also later nobody has another's"


async def test_until_when_is_reserved_is_kept_before_anything_is(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    await desk.may(ADA)
    await reserving(desk, "digital", purpose="transactional")
    assert desk.kept == []
    await reserving(desk, "digital")
    assert desk.kept == [NOON + 600_000]


async def test_nothing_is_reserved_where_kafka_does_not_record_its_end(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    await filling.all([known("ada")])
    desk.takes_notes = False
    asked = {"channel": "email", "purpose": "fundraising", "contacts": [ADA]}
    answer = await desk.post({**asked, "reserve": 60})
    assert (answer.status, answer.json["code"]) == (503, "reservations_unavailable")
    assert await redis_client.keys("reservation:*") == []
    assert (await desk.post(asked)).status == 200


async def test_reservations_lost_by_a_flush_defer_everybody_until_they_would_be_over(
    desk: Desk, filling: Filling, redis_client: Redis
) -> None:
    await filling.all([known("ada")])
    assert said(await reserving(desk, "digital")) == ("allow", "ok")
    [until] = desk.kept
    await redis_client.flushall()
    assert (await desk.post({"channel": "email", "purpose": "fundraising", "contacts": [ADA]})).status == 503
    assert await filling.holds.put({}, Position(TOPIC, 1), 0, None) == "lost"
    assert (await desk.post({"channel": "email", "purpose": "fundraising", "contacts": [ADA]})).status == 503
    await filling.all([known("ada")], lost_until=until)
    for asks in (reserving(desk, "field"), reserving(desk, "field", channel="letter"), reserving(desk, "digital")):
        found = await asks
        assert (said(found), found["earliest_at"]) == (("defer", "reservations_unknown"), render_time(until))
    await filling.hold({"gotv": None}, at=2, lost_until=0)
    desk.at = until - 1
    assert said(await reserving(desk, "field")) == ("defer", "reservations_unknown")
    assert await redis_client.keys("reservation:*") == []
    desk.at = until
    assert said(await reserving(desk, "field")) == ("allow", "ok")


async def test_a_flush_before_which_nothing_was_reserved_defers_nobody(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")], lost_until=0)
    assert said(await reserving(desk, "field")) == ("allow", "ok")
